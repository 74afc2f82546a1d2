/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amtd's output is described once, in tables of fields over plain structs (views): JSON, and the
 * list of fields in amtd-json(5), are generated from them.
 */
#ifndef AMTD_API_FIELDS_H
#define AMTD_API_FIELDS_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_BOOL,    /* bool */
	FIELD_INT,     /* int */
	FIELD_UINT,    /* uint64_t */
	FIELD_USEC,    /* uint64_t: microseconds */
	FIELD_TIME,    /* uint64_t: CLOCK_REALTIME, microseconds */
	FIELD_STRING,  /* const char * */
	FIELD_ADDRESS, /* struct address */
	FIELD_OBJECT,  /* const void *: a view, by the row's table */
	FIELD_LIST,    /* struct field_list of views, by the row's table */
	FIELD_MAP,     /* likewise; the first field is the key, the others the value */
	FIELD_STRINGS, /* struct field_list of const char * */
	FIELD_COUNTS,  /* struct field_counts: counters by name */
	FIELD_INLINE,  /* const void *: a view whose fields are merged into these; NULL: none */
	_FIELD_TYPE_MAX,
};

enum field_presence {
	FIELD_ALWAYS,
	FIELD_IF_SET, /* left out when zero, false, NULL, empty, or AF_UNSPEC */
};

struct field_list {
	const void *items;
	size_t n;
};

struct field_counts {
	const uint64_t *counts;
	int first, end; /* indices */
	const char *(*name)(int i);
	bool all; /* those that are zero, too */
};

struct field {
	const char *name; /* NULL ends the table; "" of FIELD_INLINE */
	enum field_type type;
	size_t offset;
	enum field_presence presence;
	const struct field *fields; /* OBJECT, LIST, MAP, INLINE */
	size_t size;		    /* LIST, MAP: of a view */
	const char *help;	    /* a clause, for the manual */
};

/* The name of the type, as in the manual: "boolean", "list of objects", … */
const char *field_type_string(enum field_type type);

struct json_t;

/* The view as JSON; NULL when out of memory. json_decref() it. */
struct json_t *fields_to_json(const struct field *fields, const void *view);

#endif
