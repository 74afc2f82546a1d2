/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/test-conf-XXXXXX";

/* All that a handler was told, a line each: "FILE:LINE SECTION#NUMBER KEY=VALUE" and
 * "FILE:LINE ! WARNING". Paths below root are shown without it. */
struct record {
	char text[16384];
	size_t length;
	unsigned int assignments, warnings;
	bool warn;
	int stop; /* returned by the assignment STOP= */
};

static void __attribute__((format(printf, 2, 3)))
record_add(struct record *record, const char *format, ...)
{
	size_t room = sizeof(record->text) - record->length;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(record->text + record->length, room, format, ap);
	va_end(ap);
	record->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void record_place(struct record *record, const struct conf_place *place)
{
	const char *file = place->file;

	if (strncmp(file, root, strlen(root)) == 0)
		file += strlen(root);
	record_add(record, "%s:%u ", file, place->line);
}

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct record *record = userdata;

	record->assignments++;
	record_place(record, &assignment->place);
	record_add(record, "%s#%u %s=%.200s\n", assignment->section, assignment->section_number,
		   assignment->key, assignment->value);
	if (record->warn) {
		conf_warn(assignment, "%s: unknown\x1b", assignment->key);
		conf_warn(assignment, "said twice");
	}
	return strcmp(assignment->key, "STOP") == 0 ? record->stop : 0;
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	struct record *record = userdata;

	record->warnings++;
	record_place(record, place);
	record_add(record, "! %s\n", text);
}

static struct conf_handler handler_of(struct record *record)
{
	return (struct conf_handler){ on_assignment, on_warning, record };
}

static int parse(const char *text, size_t length, struct record *record)
{
	const struct conf_handler handler = handler_of(record);
	unsigned int number = 0;
	char *copy = malloc(length ?: 1); /* reading beyond its end is found by the sanitizer */
	int r;

	memcpy(copy, text, length);
	r = conf_parse_text("f", copy, length, &number, &handler);
	free(copy);
	return r;
}

static const struct {
	const char *name, *text, *expected;
} syntax[] = {
	{ "empty", "", "" },
	{ "comments", "# a\n; b\n  # c=d\n\n   \n[S]\n#K=1\n", "" },
	{ "plain", "[AMT]\nName=amt0\nLink = eth0 \n",
	  "f:2 AMT#1 Name=amt0\nf:3 AMT#1 Link=eth0\n" },
	{ "no newline at the end", "[AMT]\nName=amt0", "f:2 AMT#1 Name=amt0\n" },
	{ "blanks", "  [AMT]\t\n \tName\t =  a  b \t\n", "f:2 AMT#1 Name=a  b\n" },
	{ "sections repeat", "[R]\nA=1\n[R]\n[S]\nA=2\n", "f:2 R#1 A=1\nf:5 S#3 A=2\n" },
	{ "empty value", "[S]\nA=\nB =  \n", "f:2 S#1 A=\nf:3 S#1 B=\n" },
	{ "value with = # ; [", "[S]\nA=b=c # d ; [e]\n", "f:2 S#1 A=b=c # d ; [e]\n" },
	{ "quotes stay", "[S]\nA=\"x y\"\n", "f:2 S#1 A=\"x y\"\n" },
	{ "CRLF", "[S]\r\nA=1\r\nB=2 \\\r\n 3\r\n", "f:2 S#1 A=1\nf:3 S#1 B=2   3\n" },
	{ "BOM", "\xef\xbb\xbf[S]\nA=1\n", "f:2 S#1 A=1\n" },
	{ "BOM alone", "\xef\xbb\xbf", "" },
	{ "continued", "[S]\nA=1\\\n2\\\n  3\nB=4\n", "f:2 S#1 A=1 2   3\nf:5 S#1 B=4\n" },
	{ "comments between continued lines", "[S]\nA=1\\\n# x\n ; y \\\n2\nB=3\n",
	  "f:2 S#1 A=1 2\nf:6 S#1 B=3\n" },
	{ "an empty line ends it", "[S]\nA=1\\\n\nB=2\n", "f:2 S#1 A=1\nf:4 S#1 B=2\n" },
	{ "continued to the end of the file", "[S]\nA=1\\", "f:2 S#1 A=1\n" },
	{ "two backslashes do not continue", "[S]\nA=1\\\\\nB=2\n",
	  "f:2 S#1 A=1\\\\\nf:3 S#1 B=2\n" },
	{ "three do", "[S]\nA=1\\\\\\\nB=2\n", "f:2 S#1 A=1\\\\ B=2\n" },
	{ "a blank behind the backslash", "[S]\nA=1\\ \nB=2\n", "f:2 S#1 A=1\\\nf:3 S#1 B=2\n" },
	{ "a comment is not continued", "[S]\n# x \\\nA=1\n", "f:3 S#1 A=1\n" },
	{ "continued header", "[S\\\nT]\nA=1\n", "f:3 S T#1 A=1\n" },
	{ "UTF-8",
	  "[S]\nDescription=\xc3\x9c"
	  "bertragung\n",
	  "f:2 S#1 Description=\xc3\x9c"
	  "bertragung\n" },
};

static const struct {
	const char *name, *text;
	size_t length;
	const char *expected;
} bad_syntax[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ "no =", TEXT("[S]\nnonsense\nA=1\n"),
	  "f:2 ! missing '=' in \"nonsense\"; line ignored, write KEY=VALUE\nf:3 S#1 A=1\n" },
	{ "no key", TEXT("[S]\n = 1\nA=1\n"),
	  "f:2 ! missing key before '='; line ignored, write KEY=VALUE\nf:3 S#1 A=1\n" },
	{ "no section", TEXT("A=1\n[S]\nA=2\n"),
	  "f:1 ! \"A=1\" is before the first section; line ignored, put a [SECTION] line above "
	  "it\nf:3 S#1 A=2\n" },
	{ "broken header", TEXT("[S]\nA=1\n[T\nA=2\nnonsense\n[U]\nA=3\n"),
	  "f:2 S#1 A=1\nf:3 ! missing ']' in \"[T\"; ignored up to the next section header\n"
	  "f:7 U#2 A=3\n" },
	{ "text behind a header", TEXT("[S] # x\nA=1\n"),
	  "f:1 ! missing ']' in \"[S] # x\"; ignored up to the next section header\n" },
	{ "nothing but a bracket", TEXT("["),
	  "f:1 ! missing ']' in \"[\"; ignored up to the next section header\n" },
	{ "header without a name", TEXT("[]\nA=1\n"),
	  "f:1 ! section header without a name; ignored up to the next one\n" },
	{ "a long header",
	  TEXT("[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]"
	       "\nA=1\n"),
	  "f:1 ! unknown section \"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"; ignored up "
	  "to "
	  "the next section header\n" },
	{ "NUL", TEXT("[S]\nA=1\0B\nB=2\n"),
	  "f:2 ! control character 0x00 at byte 4; line ignored, remove it\nf:3 S#1 B=2\n" },
	{ "NUL alone", TEXT("[S]\n\0\nB=2\n"),
	  "f:2 ! control character 0x00 at byte 1; line ignored, remove it\nf:3 S#1 B=2\n" },
	{ "NUL in a comment", TEXT("[S]\n#\0\nB=2\n"), "f:3 S#1 B=2\n" },
	{ "escape", TEXT("[S]\nA=\x1b[31m\n"),
	  "f:2 ! control character 0x1b at byte 3; line ignored, remove it\n" },
	{ "not UTF-8", TEXT("[S]\nA=\xfc\nB=2\n"),
	  "f:2 ! not UTF-8 at byte 3 (0xfc); line ignored, save the file as UTF-8 text\n"
	  "f:3 S#1 B=2\n" },
	{ "junk in a header", TEXT("[S]\nA=1\n[T\xff]\nB=2\n"),
	  "f:2 S#1 A=1\nf:3 ! not UTF-8 at byte 3 (0xff); line ignored, save the file as UTF-8 "
	  "text\n" },
	{ "junk in one of continued lines", TEXT("[S]\nA=1 \\\n\x01 \\\n3\nB=2\n"),
	  "f:2 ! control character 0x01 at byte 6; line ignored, remove it\nf:5 S#1 B=2\n" },
	{ "unprintable, but UTF-8", TEXT("[S]\n\xe2\x80\xae\n"),
	  "f:2 ! missing '=' in \"\\xe2\\x80\\xae\"; line ignored, write KEY=VALUE\n" },
#undef TEXT
};

static void test_syntax(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(syntax); i++) {
		struct record record = { 0 };

		assert_int_equal(parse(syntax[i].text, strlen(syntax[i].text), &record), 0);
		if (strcmp(record.text, syntax[i].expected) != 0)
			fail_msg("%s:\n%s", syntax[i].name, record.text);
	}
}

static void test_bad_syntax(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_syntax); i++) {
		struct record record = { 0 };

		assert_int_equal(parse(bad_syntax[i].text, bad_syntax[i].length, &record), 0);
		if (strcmp(record.text, bad_syntax[i].expected) != 0)
			fail_msg("%s:\n%s", bad_syntax[i].name, record.text);
	}
}

static void test_stop(void **state)
{
	const char text[] = "[S]\nA=1\nSTOP=\nB=2\n";
	struct record record = { .stop = -ECANCELED };

	assert_int_equal(parse(text, strlen(text), &record), -ECANCELED);
	assert_string_equal(record.text, "f:2 S#1 A=1\nf:3 S#1 STOP=\n");
}

/* head, n bytes of fill, tail. free() it. */
static char *long_text(const char *head, char fill, size_t n, const char *tail)
{
	char *text = malloc(strlen(head) + n + strlen(tail) + 1);

	assert_non_null(text);
	strcpy(text, head);
	memset(text + strlen(head), fill, n);
	strcpy(text + strlen(head) + n, tail);
	return text;
}

static void check_long(const char *head, size_t n, const char *tail, const char *expected)
{
	char *text = long_text(head, 'x', n, tail);
	struct record record = { 0 };

	assert_int_equal(parse(text, strlen(text), &record), 0);
	if (strcmp(record.text, expected) != 0)
		fail_msg("%s, %zu, %s:\n%s", head, n, tail, record.text);
	free(text);
}

static void test_long_lines(void **state)
{
	static const char warning[] =
		"f:2 ! line of more than 65536 bytes; ignored, split it into several\n";
	char expected[512];
	struct record record = { 0 };
	char *text;

	snprintf(expected, sizeof(expected), "%sf:3 S#1 B=2\n", warning);
	check_long("[S]\nA=", 1024 * 1024, "\nB=2\n", expected);
	check_long("[S]\nA=", CONF_LINE_MAX - 1, "\nB=2\n", expected);
	check_long("[S]\n#", 1024 * 1024, "\nB=2\n", "f:3 S#1 B=2\n");
	check_long("[S]\n[", 1024 * 1024, "]\nB=2\n", warning);

	/* Continued lines count as one, and all of it is skipped. */
	snprintf(expected, sizeof(expected), "%sf:5 S#1 B=2\n", warning);
	check_long("[S]\nA=", 1024 * 1024, "\\\n[T]\\\nC=1\nB=2\n", expected);

	/* The longest that is read. */
	text = long_text("[S]\nA=", 'x', CONF_LINE_MAX - 2, "\nB=2\n");
	assert_int_equal(parse(text, strlen(text), &record), 0);
	assert_int_equal(record.assignments, 2);
	assert_int_equal(record.warnings, 0);
	free(text);
}

static void test_long_text(void **state)
{
	struct record record = { 0 };
	char *text;

	text = long_text("[S]\n#", 'x', CONF_FILE_MAX - 10, "\nA=1\n");
	assert_int_equal(parse(text, strlen(text), &record), 0);
	assert_string_equal(record.text, "f:3 S#1 A=1\n");
	free(text);

	record = (struct record){ 0 };
	text = long_text("[S]\nA=1\n", '\n', CONF_FILE_MAX, "");
	assert_int_equal(parse(text, strlen(text), &record), -EFBIG);
	assert_string_equal(record.text,
			    "f:0 ! larger than 4 MiB; not read, split it into several files\n");
	free(text);
}

static void test_flood(void **state)
{
	char text[1024] = "[S]\n";
	struct record record = { 0 };
	size_t i;

	for (i = 0; i < 30; i++)
		strcat(text, "\x02\n");
	strcat(text, "A=1\n");
	assert_int_equal(parse(text, strlen(text), &record), 0);
	assert_int_equal(record.warnings, CONF_WARNINGS_MAX + 1);
	assert_non_null(strstr(record.text, "f:21 ! control"));
	assert_null(strstr(record.text, "f:22 ! "));
	assert_non_null(strstr(record.text,
			       "f:0 ! further warnings about this file are suppressed; fix "
			       "those above first\nf:32 S#1 A=1\n"));
}

/* conf_warn() shares the limit, says one thing about a line, and makes it printable. */
static void test_warn(void **state)
{
	char text[1024] = "[S]\nnonsense\nA=1\n";
	struct record record = { .warn = true };
	size_t i;

	assert_int_equal(parse(text, strlen(text), &record), 0);
	assert_string_equal(record.text,
			    "f:2 ! missing '=' in \"nonsense\"; line ignored, write KEY=VALUE\n"
			    "f:3 S#1 A=1\nf:3 ! A: unknown\\x1b\n");

	for (i = 0; i < 50; i++)
		strcat(text, i % 2 ? "B=1\n" : "more nonsense\n");
	record = (struct record){ .warn = true };
	assert_int_equal(parse(text, strlen(text), &record), 0);
	assert_int_equal(record.assignments, 26);
	assert_int_equal(record.warnings, CONF_WARNINGS_MAX + 1);
}

/* Files below root. */

static const char *path_of(const char *path)
{
	static char buf[4][512];
	static unsigned int i;

	i = (i + 1) % ARRAY_SIZE(buf);
	snprintf(buf[i], sizeof(buf[i]), "%s%s", root, path);
	return buf[i];
}

static void make_parents(const char *path)
{
	char copy[512], *slash;

	snprintf(copy, sizeof(copy), "%s", path);
	for (slash = strchr(copy + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
}

static void put(const char *path, const char *text)
{
	FILE *file;

	make_parents(path_of(path));
	file = fopen(path_of(path), "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_link(const char *path, const char *target)
{
	make_parents(path_of(path));
	assert_return_code(symlink(target, path_of(path)), errno);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return ftw->level > 0 ? remove(path) : 0;
}

static int empty_root(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Units as "NAME: PIECE PIECE" or "NAME: masked PIECE", with what each says. */
static void load(struct record *record)
{
	const struct conf_handler handler = handler_of(record);
	struct conf_unit *units;
	size_t i, j, n;

	assert_int_equal(conf_find(conf_directories(), ".amt", &handler, &units, &n), 0);
	for (i = 0; i < n; i++) {
		record_add(record, "%s:%s", units[i].name, units[i].masked ? " masked" : "");
		for (j = 0; j < units[i].n_pieces; j++)
			record_add(record, " %s", units[i].pieces[j] + strlen(root));
		record_add(record, "\n");
		assert_int_equal(conf_parse_unit(&units[i], &handler), 0);
	}
	conf_units_free(units, n);
}

static void check_load(const char *expected)
{
	struct record record = { 0 };

	load(&record);
	assert_string_equal(record.text, expected);
}

static void test_directories(void **state)
{
	const char *const *directories = conf_directories();

	assert_string_equal(directories[0], path_of("/etc/amt"));
	assert_string_equal(directories[1], path_of("/run/amt"));
	assert_string_equal(directories[2], path_of("/usr/local/lib/amt"));
	assert_string_equal(directories[3], path_of("/usr/lib/amt"));
	assert_null(directories[4]);

	check_load("");
}

static void test_precedence(void **state)
{
	put("/usr/lib/amt/b.amt", "[S]\nA=lib\n");
	put("/usr/local/lib/amt/b.amt", "[S]\nA=local\n");
	put("/run/amt/b.amt", "[S]\nA=run\n");
	put("/etc/amt/b.amt", "[S]\nA=etc\n");
	put("/usr/lib/amt/a.amt", "[S]\nA=lib\n");
	put("/usr/local/lib/amt/a.amt", "[S]\nA=local\n");
	put("/run/amt/a.amt", "[S]\nA=run\n");
	put("/usr/lib/amt/d.amt", "[S]\nA=lib\n");
	put("/usr/local/lib/amt/d.amt", "[S]\nA=local\n");
	put("/usr/lib/amt/c.amt", "[S]\nA=lib\n");
	put("/etc/amt/10.amt", "[S]\nA=etc\n");
	check_load("10.amt: /etc/amt/10.amt\n/etc/amt/10.amt:2 S#1 A=etc\n"
		   "a.amt: /run/amt/a.amt\n/run/amt/a.amt:2 S#1 A=run\n"
		   "b.amt: /etc/amt/b.amt\n/etc/amt/b.amt:2 S#1 A=etc\n"
		   "c.amt: /usr/lib/amt/c.amt\n/usr/lib/amt/c.amt:2 S#1 A=lib\n"
		   "d.amt: /usr/local/lib/amt/d.amt\n/usr/local/lib/amt/d.amt:2 S#1 A=local\n");
}

static void test_suffix(void **state)
{
	put("/etc/amt/a.amt", "[S]\n");
	put("/etc/amt/a.amt~", "[S]\n");
	put("/etc/amt/a.amt.bak", "[S]\n");
	put("/etc/amt/b.conf", "[S]\n");
	put("/etc/amt/.amt", "[S]\n");
	put("/etc/amt/.b.amt", "[S]\n");
	put("/etc/amt/amt", "[S]\n");
	put("/etc/amt/B.AMT", "[S]\n");
	put("/etc/amt/a.amt.d/.x.conf", "[S]\n");
	put("/etc/amt/a.amt.d/x.conf~", "[S]\n");
	put("/etc/amt/a.amt.d/x.amt", "[S]\n");
	put_link("/etc/amt/.#a.amt", "somebody@somewhere.1234");
	check_load("a.amt: /etc/amt/a.amt\n");
}

static void test_mask(void **state)
{
	put("/usr/lib/amt/a.amt", "[S]\nA=1\n");
	put("/usr/lib/amt/b.amt", "[S]\nA=1\n");
	put("/usr/lib/amt/c.amt", "");
	put("/etc/amt/a.amt", "");
	put_link("/run/amt/b.amt", "/dev/null");
	put("/etc/amt/c.amt", "[S]\nA=1\n");
	put("/etc/amt/a.amt.d/x.conf", "[S]\nA=2\n");
	put("/etc/amt/d.amt", "\n"); /* no mask: not empty */
	check_load("a.amt: masked /etc/amt/a.amt\n"
		   "b.amt: masked /run/amt/b.amt\n"
		   "c.amt: /etc/amt/c.amt\n/etc/amt/c.amt:2 S#1 A=1\n"
		   "d.amt: /etc/amt/d.amt\n");
}

static void test_dropins(void **state)
{
	put("/run/amt/a.amt", "[S]\nA=1\n[T]\n");
	put("/etc/amt/a.amt.d/20.conf", "[S]\nA=etc20\n");
	put("/usr/lib/amt/a.amt.d/20.conf", "[S]\nA=lib20\n");
	put("/usr/lib/amt/a.amt.d/10.conf", "[S]\nA=lib10\n");
	put("/usr/local/lib/amt/a.amt.d/30.conf", "[S]\nA=local30\n");
	put("/run/amt/a.amt.d/15.conf", "A=no section of its own\n");
	put("/usr/lib/amt/a.amt.d/40.conf", "[S]\nA=lib40\n");
	put("/usr/lib/amt/a.amt.d/50.conf", "[S]\nA=lib50\n");
	put("/etc/amt/a.amt.d/40.conf", "");
	put_link("/run/amt/a.amt.d/50.conf", "/dev/null");
	put("/etc/amt/orphan.amt.d/10.conf", "[S]\nA=nobody\n");
	check_load("a.amt: /run/amt/a.amt /usr/lib/amt/a.amt.d/10.conf /run/amt/a.amt.d/15.conf "
		   "/etc/amt/a.amt.d/20.conf /usr/local/lib/amt/a.amt.d/30.conf\n"
		   "/run/amt/a.amt:2 S#1 A=1\n"
		   "/usr/lib/amt/a.amt.d/10.conf:2 S#3 A=lib10\n"
		   "/run/amt/a.amt.d/15.conf:1 ! \"A=no section of its own\" is before the first "
		   "section; line ignored, put a [SECTION] line above it\n"
		   "/etc/amt/a.amt.d/20.conf:2 S#4 A=etc20\n"
		   "/usr/local/lib/amt/a.amt.d/30.conf:2 S#5 A=local30\n");
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	strcpy(address.sun_path, path_of(path));
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	close(fd);
}

/* An unreadable file counts as missing: the file below it applies. */
static void test_irregular(void **state)
{
	struct record record = { 0 };

	put("/etc/amt/ok.amt", "[S]\nA=1\n");
	assert_return_code(mkdir(path_of("/etc/amt/dir.amt"), 0755), errno);
	assert_return_code(mkfifo(path_of("/etc/amt/fifo.amt"), 0644), errno);
	make_socket("/etc/amt/socket.amt");
	put_link("/etc/amt/zero.amt", "/dev/zero");
	put_link("/etc/amt/loop.amt", "loop.amt");
	put_link("/etc/amt/dangling.amt", "nowhere");
	put_link("/etc/amt/linked.amt", "ok.amt");
	put("/usr/lib/amt/fifo.amt", "[S]\nA=2\n");
	put("/etc/amt/ok.amt.d/x", "");
	assert_return_code(mkfifo(path_of("/etc/amt/ok.amt.d/fifo.conf"), 0644), errno);
	put("/run/amt/ok.amt.d", "a file");
	load(&record);

	assert_non_null(strstr(record.text, "/etc/amt/dir.amt:0 ! a directory, skipped"));
	assert_non_null(strstr(record.text, "/etc/amt/fifo.amt:0 ! a FIFO, skipped"));
	assert_non_null(strstr(record.text, "/etc/amt/socket.amt:0 ! a socket, skipped"));
	assert_non_null(strstr(record.text, "/etc/amt/zero.amt:0 ! a device, skipped"));
	assert_non_null(strstr(record.text, "/etc/amt/loop.amt:0 ! cannot be examined, skipped: "));
	assert_non_null(strstr(record.text, "/etc/amt/dangling.amt:0 ! dangling link"));
	assert_non_null(strstr(record.text, "/etc/amt/ok.amt.d/fifo.conf:0 ! a FIFO, skipped"));
	assert_non_null(strstr(record.text, "/run/amt/ok.amt.d:0 ! cannot be read, skipped: Not a "
					    "directory"));
	assert_int_equal(record.warnings, 8);

	assert_non_null(strstr(record.text, "fifo.amt: /usr/lib/amt/fifo.amt\n"));
	assert_non_null(strstr(record.text, "linked.amt: /etc/amt/linked.amt\n"));
	assert_non_null(strstr(record.text, "ok.amt: /etc/amt/ok.amt\n"));
	assert_int_equal(record.assignments, 3);
}

static void test_directory_is_file(void **state)
{
	struct record record = { 0 };

	put("/etc/amt", "not a directory");
	put("/run/amt/a.amt", "[S]\n");
	load(&record);
	assert_string_equal(record.text, "/etc/amt:0 ! cannot be read, skipped: Not a directory\n"
					 "a.amt: /run/amt/a.amt\n");
}

/* A unit of which a piece changed between conf_find() and conf_parse_unit(). */
static void check_changed(void (*change)(void), int expected, const char *text)
{
	struct record record = { 0 };
	const struct conf_handler handler = handler_of(&record);
	struct conf_unit *units;
	size_t n;

	put("/etc/amt/a.amt", "[S]\nA=1\n");
	put("/etc/amt/a.amt.d/x.conf", "[S]\nA=2\n");
	assert_int_equal(conf_find(conf_directories(), ".amt", &handler, &units, &n), 0);
	assert_int_equal(n, 1);
	change();
	assert_int_equal(conf_parse_unit(&units[0], &handler), expected);
	assert_string_equal(record.text, text);
	conf_units_free(units, n);
	empty_root(NULL);
}

static void remove_main(void)
{
	unlink(path_of("/etc/amt/a.amt"));
}

static void make_main_fifo(void)
{
	remove_main();
	assert_return_code(mkfifo(path_of("/etc/amt/a.amt"), 0644), errno);
}

static void grow_main(void)
{
	assert_return_code(truncate(path_of("/etc/amt/a.amt"), CONF_FILE_MAX + 1), errno);
}

static void remove_dropin(void)
{
	unlink(path_of("/etc/amt/a.amt.d/x.conf"));
}

static void test_changed(void **state)
{
	check_changed(remove_main, -ENOENT,
		      "/etc/amt/a.amt:0 ! cannot be read: No such file or directory\n");
	check_changed(make_main_fifo, -ESTALE,
		      "/etc/amt/a.amt:0 ! cannot be read: Stale file handle\n");
	check_changed(grow_main, -EFBIG,
		      "/etc/amt/a.amt:0 ! larger than 4 MiB; not read, split it into several "
		      "files\n");
	check_changed(remove_dropin, -ENOENT,
		      "/etc/amt/a.amt:2 S#1 A=1\n"
		      "/etc/amt/a.amt.d/x.conf:0 ! cannot be read: No such file or directory\n");
}

static int make_root(void **state)
{
	return mkdtemp(root) && setenv("AMTD_ROOT", root, 1) == 0 ? 0 : -1;
}

static int remove_root(void **state)
{
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_bad_syntax),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_warn),
		cmocka_unit_test_teardown(test_directories, empty_root),
		cmocka_unit_test_teardown(test_precedence, empty_root),
		cmocka_unit_test_teardown(test_suffix, empty_root),
		cmocka_unit_test_teardown(test_mask, empty_root),
		cmocka_unit_test_teardown(test_dropins, empty_root),
		cmocka_unit_test_teardown(test_irregular, empty_root),
		cmocka_unit_test_teardown(test_directory_is_file, empty_root),
		cmocka_unit_test_teardown(test_changed, empty_root),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
