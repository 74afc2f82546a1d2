/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as RDATA, as text, as a name and as a DNS message: what is accepted is built again byte
 * for byte, and its text is read as the same.
 */
#include "input.h"
#include "wire/amtrelay.h"

#include <stdlib.h>
#include <string.h>

static void check_record(const struct amtrelay *record)
{
	char text[AMTRELAY_TEXT_MAX], generic[AMTRELAY_GENERIC_MAX];
	uint8_t built[AMTRELAY_RDATA_MAX], again[AMTRELAY_RDATA_MAX];
	struct amtrelay other;
	ssize_t length;

	length = amtrelay_build(record, built, sizeof(built));
	REQUIRE(length >= 2);
	REQUIRE(amtrelay_build(record, again, (size_t)length - 1) < 0);

	REQUIRE(amtrelay_format(record, text) && strlen(text) < sizeof(text));
	REQUIRE(amtrelay_parse_text(text, &other) == 0);
	REQUIRE(amtrelay_build(&other, again, sizeof(again)) == length);
	REQUIRE(memcmp(built, again, (size_t)length) == 0);

	REQUIRE(amtrelay_format_generic(record, generic) && strlen(generic) < sizeof(generic));
	REQUIRE(amtrelay_parse_text(generic, &other) == 0);
	REQUIRE(amtrelay_build(&other, again, sizeof(again)) == length);
	REQUIRE(memcmp(built, again, (size_t)length) == 0);
}

static void check_rdata(const uint8_t *data, size_t size)
{
	struct amtrelay record, untouched;
	uint8_t built[AMTRELAY_RDATA_MAX];
	enum amtrelay_error error;

	memset(&record, 0xa5, sizeof(record));
	memset(&untouched, 0xa5, sizeof(untouched));
	error = amtrelay_parse(data, size, &record);
	REQUIRE(error < _AMTRELAY_ERROR_MAX && amtrelay_error_string(error));
	if (error != AMTRELAY_ERROR_NONE) {
		REQUIRE(memcmp(&record, &untouched, sizeof(record)) == 0);
		return;
	}
	REQUIRE(amtrelay_build(&record, built, sizeof(built)) == (ssize_t)size);
	REQUIRE(memcmp(built, data, size) == 0);
	check_record(&record);
}

static void check_text(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), again[DNSNAME_TEXT_MAX];
	struct dnsname name, other;
	struct amtrelay record;

	REQUIRE(text);
	if (amtrelay_parse_text(text, &record) == 0)
		check_record(&record);
	if (dnsname_parse(text, &name) == 0) {
		REQUIRE(dnsname_parse(dnsname_format(&name, again), &other) == 0);
		REQUIRE(other.length == name.length);
		REQUIRE(memcmp(other.bytes, name.bytes, name.length) == 0);
		REQUIRE(dnsname_read(name.bytes, name.length, &other) == name.length);
	}
	free(text);
}

static void check_name(const struct dnsname *name)
{
	struct dnsname again;

	REQUIRE(dnsname_read(name->bytes, name->length, &again) == name->length);
}

static void check_message(const uint8_t *data, size_t size)
{
	struct dnsname name;
	size_t offset = size / 2, before = offset;

	if (dnsname_unpack(data, size, &offset, &name) == 0) {
		REQUIRE(offset > before && offset <= size);
		check_name(&name);
	} else {
		REQUIRE(offset == before);
	}
	if (dnsname_canonical(data, size, &name) == 0)
		check_name(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_message(data, size);
	check_rdata(data, size);
	check_text(data, size);
	return 0;
}
