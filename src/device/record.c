/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/record.h"

#include "base/file.h"
#include "base/parse.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_FILE_MAX (64 * 1024)

static int record_path(char path[static PATH_MAX], const char *name)
{
	return file_path(path, "/run/amt/state/%s", name);
}

static void read_address(const char *value, void *field)
{
	(void)address_parse(value, field);
}

static void read_bool(const char *value, void *field)
{
	*(bool *)field = parse_boolean(value) == 1;
}

static void read_port(const char *value, void *field)
{
	(void)parse_u16(value, 1, UINT16_MAX, field);
}

static void read_ifindex(const char *value, void *field)
{
	uint32_t number;

	if (parse_u32(value, 1, INT32_MAX, &number) == 0)
		*(int *)field = number;
}

static void write_address(FILE *stream, const char *key, const void *field)
{
	const struct address *address = field;
	char text[ADDRESS_TEXT_MAX];

	if (address_is_set(address))
		fprintf(stream, "%s=%s\n", key, address_format(address, text));
}

static void write_bool(FILE *stream, const char *key, const void *field)
{
	fprintf(stream, "%s=%s\n", key, *(const bool *)field ? "yes" : "no");
}

static void write_port(FILE *stream, const char *key, const void *field)
{
	fprintf(stream, "%s=%u\n", key, *(const uint16_t *)field);
}

static void write_ifindex(FILE *stream, const char *key, const void *field)
{
	fprintf(stream, "%s=%d\n", key, *(const int *)field);
}

static const struct {
	const char *key;
	size_t offset;
	void (*read)(const char *value, void *field);
	void (*write)(FILE *stream, const char *key, const void *field);
} keys[] = {
	{ "Created", offsetof(struct record, created), read_bool, write_bool },
	{ "Keep", offsetof(struct record, keep), read_bool, write_bool },
	{ "Ifindex", offsetof(struct record, ifindex), read_ifindex, write_ifindex },
	{ "Port", offsetof(struct record, port), read_port, write_port },
	{ "Address", offsetof(struct record, address), read_address, write_address },
	{ "Chosen", offsetof(struct record, chosen), read_address, write_address },
	{ "Aim", offsetof(struct record, redirect), read_address, write_address },
	{ "Discovery", offsetof(struct record, discovery), read_address, write_address },
	{ "Remote", offsetof(struct record, remote), read_address, write_address },
	{ "MldLinux", offsetof(struct record, mld_linux), read_bool, write_bool },
	{ "MldRelay", offsetof(struct record, mld_relay), read_address, write_address },
};

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct record *record = userdata;

	if (strcmp(assignment->section, "Sysctl") == 0)
		return sysctl_key_valid(assignment->key)
			       ? record_sysctl(record, assignment->key, assignment->value)
			       : 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(assignment->key, keys[i].key) == 0)
			keys[i].read(assignment->value, (char *)record + keys[i].offset);
	return 0;
}

/* The file is amtd's own: unknown lines are another version's, and skipped. */
static void ignore_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

int record_load(const char *name, struct record *ret)
{
	struct record record = { .keep = true };
	unsigned int section = 0;
	char path[PATH_MAX], *text;
	size_t length;
	int r;

	r = record_path(path, name);
	if (r < 0)
		return r;
	r = file_read(path, RECORD_FILE_MAX, &text, &length);
	if (r < 0)
		return r;
	r = conf_parse_text(path, text, length, &section,
			    &(struct conf_handler){ on_assignment, ignore_warning, &record });
	free(text);
	if (r < 0) {
		record_clear(&record);
		return r;
	}
	*ret = record;
	return 0;
}

int record_save(const char *name, const struct record *record)
{
	char path[PATH_MAX];
	char *text = NULL;
	size_t length;
	FILE *stream;
	int r;

	r = record_path(path, name);
	if (r < 0)
		return r;
	stream = open_memstream(&text, &length);
	if (!stream)
		return -ENOMEM;
	fprintf(stream, "# amtd's own record of what it did to the host; do not edit\n[Device]\n");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		keys[i].write(stream, keys[i].key, (const char *)record + keys[i].offset);
	fprintf(stream, "[Sysctl]\n");
	for (size_t i = 0; i < record->n_sysctls; i++)
		fprintf(stream, "%s=%s\n", record->sysctls[i].key, record->sysctls[i].value);
	if (fclose(stream) != 0) {
		free(text);
		return -ENOMEM;
	}
	r = file_write(path, text, length, 0600);
	free(text);
	return r;
}

int record_remove(const char *name)
{
	char path[PATH_MAX];
	int r;

	r = record_path(path, name);
	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

void record_clear(struct record *record)
{
	free(record->sysctls);
	*record = (struct record){ .keep = true };
}

const struct config_sysctl *record_find_sysctl(const struct record *record, const char *key)
{
	for (size_t i = 0; i < record->n_sysctls; i++)
		if (strcmp(record->sysctls[i].key, key) == 0)
			return &record->sysctls[i];
	return NULL;
}

int record_sysctl(struct record *record, const char *key, const char *value)
{
	struct config_sysctl *sysctls;

	if (record_find_sysctl(record, key))
		return 0;
	sysctls = reallocarray(record->sysctls, record->n_sysctls + 1, sizeof(*sysctls));
	if (!sysctls)
		return -ENOMEM;
	record->sysctls = sysctls;
	sysctls += record->n_sysctls++;
	snprintf(sysctls->key, sizeof(sysctls->key), "%s", key);
	snprintf(sysctls->value, sizeof(sysctls->value), "%s", value);
	return 0;
}

void record_forget_sysctl(struct record *record, const char *key)
{
	const struct config_sysctl *sysctl = record_find_sysctl(record, key);
	size_t i;

	if (!sysctl)
		return;
	i = sysctl - record->sysctls;
	memmove(&record->sysctls[i], &record->sysctls[i + 1],
		(record->n_sysctls - i - 1) * sizeof(*sysctl));
	record->n_sysctls--;
}

int record_list(char ***ret, size_t *ret_n)
{
	char path[PATH_MAX], **names = NULL;
	struct dirent *entry;
	size_t n = 0;
	DIR *directory;
	int r;

	r = record_path(path, "");
	if (r < 0)
		return r;
	directory = opendir(path);
	if (!directory && errno != ENOENT)
		return -errno;
	while (directory && (entry = readdir(directory))) {
		char name[IFNAMSIZ], **grown;

		if (parse_ifname(entry->d_name, name) < 0) /* ".", "..", what a write left */
			continue;
		grown = reallocarray(names, n + 1, sizeof(*names));
		if (!grown)
			break;
		names = grown;
		names[n] = strdup(name);
		if (names[n])
			n++;
	}
	if (directory)
		closedir(directory);
	*ret = names;
	*ret_n = n;
	return 0;
}
