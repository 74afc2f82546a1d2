/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of IGMP and MLD, over tables of either: packets with their content, written by hand
 * from the bytes, packets that are refused, contents that no packet can have, and codes of times.
 */
#ifndef TESTS_UNIT_GROUP_CASES_H
#define TESTS_UNIT_GROUP_CASES_H

#include "base/array.h"
#include "hex.h"
#include "wire/group-build.h"
#include "wire/group-message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CONTENT_RECORDS 3
#define CONTENT_SOURCES 3

struct content_record {
	enum group_record_type type; /* 0: no more */
	const char *group;
	const char *sources[CONTENT_SOURCES];
};

struct content {
	const char *name;
	const char *bytes;
	enum group_message_type type;
	uint8_t version;
	const char *source, *destination;
	struct content_record records[CONTENT_RECORDS];
	/* of a Query */
	const char *group;
	uint64_t max_response_usec, interval_usec;
	bool suppress;
	uint8_t robustness;
	const char *sources[CONTENT_SOURCES];
	size_t padding; /* bytes after the end of the packet */
	bool foreign; /* not as amtd builds it: fields that are not to be seen in the struct differ
		       */
};

struct error_case {
	const char *name;
	enum group_error error;
	const char *bytes;
};

struct code_case {
	uint64_t usec; /* of the struct that is built */
	uint16_t code;
	uint64_t parsed_usec;
};

struct group_cases {
	const struct content *contents, *unbuildable;
	const struct error_case *errors;
	const struct code_case *codes;
	size_t n_contents, n_unbuildable, n_errors, n_codes;

	struct content query;	     /* of the last version */
	size_t code_at, code_length; /* bytes in its packet */
	const char *host;	     /* an address of one */
	const char *elsewhere;	     /* a group that no message goes to */
};

static inline struct address content_address(const char *text)
{
	struct address address = { .family = AF_UNSPEC };

	if (!text)
		return address;
	address.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(address.family, text, &address.in6) != 1)
		abort();
	return address;
}

static inline void assert_address(const struct address *address, const char *text)
{
	char found[INET6_ADDRSTRLEN] = "none";

	if (address->family != AF_UNSPEC)
		assert_non_null(inet_ntop(address->family, &address->in6, found, sizeof(found)));
	assert_string_equal(found, text ? text : "none");
}

static inline void assert_sources(const struct group_sources *sources, sa_family_t family,
				  const char *const *texts)
{
	struct address source;
	uint16_t i;

	for (i = 0; i < CONTENT_SOURCES && texts[i]; i++) {
		assert_true(i < sources->n);
		group_source(sources, family, i, &source);
		assert_address(&source, texts[i]);
	}
	assert_int_equal(sources->n, i);
}

static inline void assert_query(const struct group_query *query, sa_family_t family,
				const struct content *content)
{
	assert_int_equal(query->version, content->version);
	assert_address(&query->group, content->group);
	assert_int_equal(query->max_response_usec, content->max_response_usec);
	assert_int_equal(query->interval_usec, content->interval_usec);
	assert_int_equal(query->suppress, content->suppress);
	assert_int_equal(query->robustness, content->robustness);
	assert_sources(&query->sources, family, content->sources);
}

static inline void assert_content(const struct group_message *message,
				  const struct content *content)
{
	const struct content_record *wanted = content->records;
	struct group_record record;
	size_t at = 0;

	assert_int_equal(message->type, content->type);
	assert_int_equal(message->version, content->version);
	assert_address(&message->source, content->source);
	assert_address(&message->destination, content->destination);
	if (message->type == GROUP_QUERY) {
		assert_query(&message->query, message->family, content);
		return;
	}
	for (; group_next_record(message, &at, &record); wanted++) {
		assert_true(wanted < content->records + CONTENT_RECORDS);
		assert_int_equal(record.type, wanted->type);
		assert_address(&record.group, wanted->group);
		assert_sources(&record.sources, message->family, wanted->sources);
	}
	assert_true(wanted == content->records + CONTENT_RECORDS || wanted->type == 0);
}

static inline void content_sources(const char *const *texts, uint8_t *data,
				   struct group_sources *ret)
{
	uint8_t *end = data;
	struct address source;

	ret->n = 0;
	ret->data = data;
	for (; ret->n < CONTENT_SOURCES && texts[ret->n]; ret->n++) {
		source = content_address(texts[ret->n]);
		end += group_put_source(&source, end);
	}
}

/* Build what content says; to NULL: to where the RFC has it. */
static inline ssize_t content_build(const struct content *content, const char *to, uint8_t *buf,
				    size_t size)
{
	uint8_t data[CONTENT_RECORDS][16 * CONTENT_SOURCES];
	struct group_record records[CONTENT_RECORDS];
	struct address source = content_address(content->source);
	struct address destination = content_address(to);
	struct group_query query = {
		.version = content->version,
		.group = content_address(content->group),
		.max_response_usec = content->max_response_usec,
		.interval_usec = content->interval_usec,
		.suppress = content->suppress,
		.robustness = content->robustness,
	};
	uint16_t n;

	if (content->type == GROUP_QUERY) {
		content_sources(content->sources, data[0], &query.sources);
		return group_query_build(source.family, &query, &source, to ? &destination : NULL,
					 buf, size);
	}
	for (n = 0; n < CONTENT_RECORDS && content->records[n].type != 0; n++) {
		records[n].type = content->records[n].type;
		records[n].group = content_address(content->records[n].group);
		content_sources(content->records[n].sources, data[n], &records[n].sources);
	}
	return group_report_build(source.family, content->version, records, n, &source,
				  to ? &destination : NULL, buf, size);
}

static inline void test_parse(void **state)
{
	const struct group_cases *cases = *state;
	const struct content *contents = cases->contents;
	struct group_message message;
	uint8_t *bytes;
	size_t i, length;

	for (i = 0; i < cases->n_contents; i++) {
		print_message("    %s\n", contents[i].name);
		bytes = hex_bytes(contents[i].bytes, &length);
		assert_string_equal(group_error_string(group_message_parse(bytes, length,
									   GROUP_STRICT, &message)),
				    group_error_string(GROUP_ERROR_NONE));
		assert_content(&message, &contents[i]);
		free(bytes);
	}
}

/* The structs are built to the bytes that they were read from, and these fit exactly. */
static inline void test_build(void **state)
{
	const struct group_cases *cases = *state;
	const struct content *contents = cases->contents;
	uint8_t *bytes, buf[256];
	size_t i, length;

	for (i = 0; i < cases->n_contents; i++) {
		if (contents[i].foreign)
			continue;
		print_message("    %s\n", contents[i].name);
		bytes = hex_bytes(contents[i].bytes, &length);
		assert_true(length <= sizeof(buf));
		memset(buf, 0xa5, sizeof(buf));
		assert_int_equal(content_build(&contents[i], NULL, buf, length), length);
		assert_memory_equal(buf, bytes, length);
		assert_int_equal(content_build(&contents[i], NULL, buf, length - 1), -ENOBUFS);
		free(bytes);
	}
}

static inline void test_errors(void **state)
{
	const struct group_cases *cases = *state;
	const struct error_case *errors = cases->errors;
	struct group_message message, untouched;
	uint8_t *bytes;
	size_t i, length;

	memset(&message, 0xa5, sizeof(message));
	memset(&untouched, 0xa5, sizeof(untouched));
	for (i = 0; i < cases->n_errors; i++) {
		print_message("    %s\n", errors[i].name);
		bytes = hex_bytes(errors[i].bytes, &length);
		assert_string_equal(group_error_string(group_message_parse(bytes, length,
									   GROUP_STRICT, &message)),
				    group_error_string(errors[i].error));
		assert_memory_equal(&message, &untouched, sizeof(message));
		free(bytes);
	}
}

/* No packet is another one that was cut short. */
static inline void test_truncated(void **state)
{
	const struct group_cases *cases = *state;
	const struct content *contents = cases->contents;
	struct group_message message;
	uint8_t *bytes, *cut;
	size_t i, length, shorter;

	for (i = 0; i < cases->n_contents; i++) {
		bytes = hex_bytes(contents[i].bytes, &length);
		for (shorter = 0; shorter < length - contents[i].padding; shorter++) {
			cut = malloc(shorter);
			if (shorter)
				memcpy(cut, bytes, shorter);
			if (group_message_parse(cut, shorter, GROUP_STRICT, &message) ==
			    GROUP_ERROR_NONE)
				fail_msg("%s, %zu of %zu bytes: accepted", contents[i].name,
					 shorter, length);
			free(cut);
		}
		free(bytes);
	}
}

/* Right for what is sent to one host, where that is wanted; no other group is. */
static inline void check_unicast(const struct content *content, const char *to,
				 const char *elsewhere)
{
	struct group_message message;
	uint8_t buf[256];
	ssize_t n = content_build(content, to, buf, sizeof(buf));

	assert_true(n > 0);
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_STRICT, &message),
			 GROUP_ERROR_DESTINATION);
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_UNICAST, &message),
			 GROUP_ERROR_NONE);
	assert_address(&message.destination, to);

	n = content_build(content, elsewhere, buf, sizeof(buf));
	assert_true(n > 0);
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_UNICAST, &message),
			 GROUP_ERROR_DESTINATION);
}

static inline void test_unicast(void **state)
{
	const struct group_cases *cases = *state;
	size_t i, done = 0;

	for (i = 0; i < cases->n_contents; i++) {
		if (cases->contents[i].foreign)
			continue;
		print_message("    %s\n", cases->contents[i].name);
		check_unicast(&cases->contents[i], cases->host, cases->elsewhere);
		done++;
	}
	assert_true(done > 0);
}

static inline void test_codes(void **state)
{
	const struct group_cases *cases = *state;
	struct content content = cases->query;
	struct group_message message;
	uint8_t buf[256];
	ssize_t n;

	for (size_t i = 0; i < cases->n_codes; i++) {
		const struct code_case *code = &cases->codes[i];
		uint16_t built = 0;

		content.max_response_usec = code->usec;
		n = content_build(&content, NULL, buf, sizeof(buf));
		assert_true(n > 0);
		for (size_t j = 0; j < cases->code_length; j++)
			built = (uint16_t)(built << 8 | buf[cases->code_at + j]);
		assert_int_equal(built, code->code);
		assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_STRICT, &message),
				 GROUP_ERROR_NONE);
		assert_int_equal(message.query.max_response_usec, code->parsed_usec);
	}
}

static inline void test_unbuildable(void **state)
{
	const struct group_cases *cases = *state;
	uint8_t buf[256];

	for (size_t i = 0; i < cases->n_unbuildable; i++) {
		print_message("    %s\n", cases->unbuildable[i].name);
		assert_int_equal(content_build(&cases->unbuildable[i], NULL, buf, sizeof(buf)),
				 -EINVAL);
	}
}

/* clang-format off */
/* The tables contents, errors, codes and unbuildable of the file. */
#define GROUP_CASES_TABLES                                                 \
	.contents = contents, .n_contents = ARRAY_SIZE(contents),          \
	.errors = errors, .n_errors = ARRAY_SIZE(errors),                  \
	.codes = codes, .n_codes = ARRAY_SIZE(codes),                      \
	.unbuildable = unbuildable, .n_unbuildable = ARRAY_SIZE(unbuildable)

#define GROUP_CASES_TEST(test, cases) cmocka_unit_test_prestate(test, (void *)(cases))
#define GROUP_CASES_TESTS(cases)                   \
	GROUP_CASES_TEST(test_parse, cases),       \
	GROUP_CASES_TEST(test_build, cases),       \
	GROUP_CASES_TEST(test_errors, cases),      \
	GROUP_CASES_TEST(test_truncated, cases),   \
	GROUP_CASES_TEST(test_unicast, cases),     \
	GROUP_CASES_TEST(test_codes, cases),       \
	GROUP_CASES_TEST(test_unbuildable, cases)
/* clang-format on */

#endif
