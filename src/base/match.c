/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/match.h"

#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#define BLANKS " \t"

/* Quotes only keep operator and operand together, which is not needed here. */
#define WORD_BLANKS BLANKS "\"'"

static int match_glob(const char *pattern, const char *text, int flags)
{
	int r;

	r = fnmatch(pattern, text, flags);
	return r == 0 ? 1 : r == FNM_NOMATCH ? 0 : -EINVAL;
}

/* Skip a "!"; *ret_negate tells whether there was one. */
static const char *negation(const char *text, bool *ret_negate)
{
	*ret_negate = text[0] == '!';
	return *ret_negate ? text + 1 + strspn(text + 1, BLANKS) : text;
}

static int negate_if(bool negate, int r)
{
	return r < 0 ? r : r != negate;
}

int match_host(const char *pattern)
{
	sd_id128_t wanted, machine;
	struct utsname uts;
	bool negate;

	pattern = negation(pattern, &negate);
	if (pattern[0] == '\0')
		return -EINVAL;

	if (sd_id128_from_string(pattern, &wanted) >= 0 && sd_id128_get_machine(&machine) >= 0 &&
	    sd_id128_equal(wanted, machine))
		return !negate;

	if (uname(&uts) < 0)
		return -errno;
	return negate_if(negate, match_glob(pattern, uts.nodename, FNM_CASEFOLD));
}

enum comparison {
	AS_VERSION,
	AS_STRING,
	AS_GLOB,
};

/* Longer operators before their prefixes. */
static const struct version_operator {
	const char *text;
	enum comparison comparison;
	bool less, equal, greater; /* the orders for which it holds */
} operators[] = {
	{ "!$=", AS_GLOB, true, false, true },	  { "$=", AS_GLOB, false, true, false },
	{ "==", AS_VERSION, false, true, false }, { "<>", AS_VERSION, true, false, true },
	{ "<=", AS_VERSION, true, true, false },  { "<", AS_VERSION, true, false, false },
	{ ">=", AS_VERSION, false, true, true },  { ">", AS_VERSION, false, false, true },
	{ "!=", AS_STRING, true, false, true },	  { "=", AS_STRING, false, true, false },
	{ "", AS_GLOB, false, true, false },
};

static int operator_holds(const struct version_operator *op, const char *release,
			  const char *operand)
{
	int order;

	switch (op->comparison) {
	case AS_VERSION:
		order = strverscmp(release, operand);
		break;
	case AS_STRING:
		order = strcmp(release, operand);
		break;
	default:
		order = match_glob(operand, release, 0);
		if (order < 0)
			return order;
		order = !order;
	}
	return order < 0 ? op->less : order == 0 ? op->equal : op->greater;
}

/* Take the next word of *text, up to the blank after it. */
static int next_word(const char **text, char *buf, size_t size)
{
	const char *start = *text + strspn(*text, WORD_BLANKS);
	size_t length = strcspn(start, WORD_BLANKS);

	if (length == 0 || length >= size)
		return -EINVAL;

	memcpy(buf, start, length);
	buf[length] = '\0';
	*text = start + length;
	return 0;
}

int match_version(const char *release, const char *expression)
{
	bool negate = false, all = true;
	char word[256];
	int r;

	if (strncmp(expression, "!=", 2) != 0 && strncmp(expression, "!$=", 3) != 0)
		expression = negation(expression, &negate);

	do {
		const struct version_operator *op = operators;
		const char *operand = word;

		r = next_word(&expression, word, sizeof(word));
		if (r < 0)
			return r;
		while (strncmp(word, op->text, strlen(op->text)) != 0)
			op++;

		/* A blank may follow the operator. */
		operand = word + strlen(op->text);
		if (operand[0] == '\0') {
			r = next_word(&expression, word, sizeof(word));
			if (r < 0)
				return r;
			operand = word;
		}
		if (strpbrk(operand, "<>=$") ||
		    (op->comparison == AS_VERSION && strcspn(operand, "0123456789") != 0))
			return -EINVAL;

		r = operator_holds(op, release, operand);
		if (r < 0)
			return r;
		all = all && r;
		expression += strspn(expression, WORD_BLANKS);
	} while (expression[0] != '\0');

	return negate_if(negate, all);
}

int match_kernel_version(const char *expression)
{
	struct utsname uts;

	if (uname(&uts) < 0)
		return -errno;
	return match_version(uts.release, expression);
}

/* Queries to systemd-detect-virt(1), which has no library. */
enum detector_kind {
	INNERMOST,
	CONTAINER,
	PRIVATE_USERS,
	LIST,
	_DETECTOR_QUERY_MAX,
};

struct detector_answer {
	bool known;
	bool yes;	 /* exit status 0 */
	char text[4096]; /* with a newline before and after each word */
};

static int read_answer(int fd, pid_t pid, struct detector_answer *answer)
{
	size_t length = 1, size = sizeof(answer->text) - 1;
	siginfo_t info;
	ssize_t n;

	answer->text[0] = '\n';
	do {
		n = read(fd, answer->text + length, size - length);
		if (n > 0)
			length += (size_t)n;
	} while ((n > 0 && length < size) || (n < 0 && errno == EINTR));
	answer->text[length] = '\0';

	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	if (n < 0 || info.si_code != CLD_EXITED)
		return -EIO;

	answer->yes = info.si_status == 0;
	answer->known = true;
	return 0;
}

static int run_detector(const char *option, struct detector_answer *answer)
{
	char *argv[] = { (char *)"systemd-detect-virt", (char *)option, NULL };
	posix_spawn_file_actions_t actions;
	int r, fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;

	r = posix_spawn_file_actions_init(&actions);
	if (r == 0) {
		r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
		if (r == 0)
			r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(fds[1]);
	r = r == 0 ? read_answer(fds[0], pid, answer) : -r;
	close(fds[0]);
	return r;
}

/* The answer does not change while the system runs. */
static int detector_query(enum detector_kind kind, const struct detector_answer **ret)
{
	static const char *const options[_DETECTOR_QUERY_MAX] = {
		[INNERMOST] = NULL,
		[CONTAINER] = "--container",
		[PRIVATE_USERS] = "--private-users",
		[LIST] = "--list",
	};
	static struct detector_answer answers[_DETECTOR_QUERY_MAX];
	int r = 0;

	if (!answers[kind].known)
		r = run_detector(options[kind], &answers[kind]);
	if (r >= 0)
		*ret = &answers[kind];
	return r;
}

static bool answer_has(const struct detector_answer *answer, const char *word)
{
	char line[64];
	int n;

	n = snprintf(line, sizeof(line), "\n%s\n", word);
	return n < (int)sizeof(line) && !strchr(word, '\n') && strstr(answer->text, line);
}

static int match_kind(const char *kind)
{
	const struct detector_answer *innermost, *container, *answer;
	int r;

	if (strcmp(kind, "private-users") == 0) {
		r = detector_query(PRIVATE_USERS, &answer);
		return r < 0 ? r : answer->yes;
	}

	r = detector_query(INNERMOST, &innermost);
	if (r >= 0)
		r = detector_query(CONTAINER, &container);
	if (r < 0)
		return r;

	r = parse_boolean(kind);
	if (r >= 0)
		return innermost->yes == r;
	if (strcmp(kind, "container") == 0)
		return container->yes;
	if (strcmp(kind, "vm") == 0)
		return innermost->yes && !container->yes;

	/* "none" is printed, too, but is no kind. */
	if (innermost->yes && answer_has(innermost, kind))
		return 1;
	r = detector_query(LIST, &answer);
	if (r < 0)
		return r;
	return strcmp(kind, "none") != 0 && answer_has(answer, kind) ? 0 : -EINVAL;
}

int match_virtualization(const char *kind)
{
	bool negate;

	kind = negation(kind, &negate);
	return kind[0] == '\0' ? -EINVAL : negate_if(negate, match_kind(kind));
}
