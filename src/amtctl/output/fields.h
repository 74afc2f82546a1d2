/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of the JSON that amtd returns, and the lines that show them.
 */
#ifndef AMTCTL_OUTPUT_FIELDS_H
#define AMTCTL_OUTPUT_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A field below object, by the keys on the way to it, NULL at the end; NULL when there is none. */
const json_t *field(const json_t *object, ...) __attribute__((sentinel));

/* Its value: "" and 0 when there is none, or it is of another type. Text is escaped for terminals,
 * and lives until the program ends. */
const char *field_text(const json_t *json);
uint64_t field_number(const json_t *json);

/* The text of a key as it is, not escaped; "" when there is none. */
const char *field_string(const json_t *object, const char *key);

#define FIELD(object, ...)  field(object, __VA_ARGS__, NULL)
#define TEXT(object, ...)   field_text(FIELD(object, __VA_ARGS__))
#define NUMBER(object, ...) field_number(FIELD(object, __VA_ARGS__))

/* The objects of the array that pass the filter; json_decref() the result. */
typedef bool (*field_filter)(const json_t *object, void *userdata);
json_t *field_select(const json_t *array, field_filter filter, void *userdata);

/* Set the state of a device, by its name. */
void field_set_state(json_t *devices, const char *name, const char *state, const char *reason);

/* The event "present" of a device that exists when monitor starts. */
json_t *field_present_event(const json_t *device, uint64_t now_usec);

/* "        Link: ", or as much space on further lines of the same. */
void label(const char *name);
void label_or_space(const char *name, size_t i);      /* i 0: the first line */
void label_line(const char *name, const char *value); /* nothing for "" */

/* ", 2 dropped (source 1, length 1)": counts by reason; nothing when all are 0. */
void print_reasons(const char *what, const json_t *reasons);

#endif
