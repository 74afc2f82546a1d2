/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the record of a device, which a crash, a full disk or another version may have left:
 * what is read is in bounds, and written once it is read back as the same.
 */
#include "device/record.h"
#include "host.h"
#include "input.h"

#include <string.h>

#define NAME "fuzz0"
#define PATH "/run/amt/state/" NAME

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_make_root();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record = { 0 }, again = { 0 };
	char *first, *second;

	host_write(PATH, data, size);
	if (record_load(NAME, &record) < 0)
		return 0;
	REQUIRE(record.ifindex >= 0);
	for (size_t i = 0; i < record.n_sysctls; i++)
		REQUIRE(sysctl_key_valid(record.sysctls[i].key));

	REQUIRE(record_save(NAME, &record) == 0);
	first = host_read(PATH);
	REQUIRE(record_load(NAME, &again) == 0);
	REQUIRE(record_save(NAME, &again) == 0);
	second = host_read(PATH);
	REQUIRE(first && second && strcmp(first, second) == 0);
	free(first);
	free(second);
	record_clear(&record);
	record_clear(&again);
	return 0;
}
