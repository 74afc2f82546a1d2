/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/fields.h"

#include "base/escape.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *field_type_string(enum field_type type)
{
	static const char *const names[_FIELD_TYPE_MAX] = {
		[FIELD_BOOL] = "boolean",    [FIELD_INT] = "number",
		[FIELD_UINT] = "number",     [FIELD_USEC] = "microseconds",
		[FIELD_TIME] = "time",	     [FIELD_STRING] = "string",
		[FIELD_ADDRESS] = "address", [FIELD_OBJECT] = "object",
		[FIELD_LIST] = "list",	     [FIELD_MAP] = "objects by name",
		[FIELD_STRINGS] = "strings", [FIELD_COUNTS] = "numbers by name",
		[FIELD_INLINE] = "",
	};

	return names[type];
}

static bool is_set(const struct field *field, const void *member)
{
	switch (field->type) {
	case FIELD_BOOL:
		return *(const bool *)member;
	case FIELD_INT:
		return *(const int *)member != 0;
	case FIELD_UINT:
	case FIELD_USEC:
	case FIELD_TIME:
		return *(const uint64_t *)member != 0;
	case FIELD_STRING:
		return *(const char *const *)member && **(const char *const *)member != '\0';
	case FIELD_ADDRESS:
		return ((const struct address *)member)->family != AF_UNSPEC;
	case FIELD_OBJECT:
	case FIELD_INLINE:
		return *(const void *const *)member;
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_STRINGS:
		return ((const struct field_list *)member)->n > 0;
	case FIELD_COUNTS:
		return ((const struct field_counts *)member)->end > 0;
	case _FIELD_TYPE_MAX:
		break;
	}
	return false;
}

/* A text that is not UTF-8, such as the name of a file, is escaped. NULL: out of memory. */
static json_t *string_to_json(const char *text)
{
	size_t size = ESCAPED_MAX(strlen(text));
	json_t *string;
	char *buf;

	if (escape_is_utf8(text))
		return json_string(text);
	buf = malloc(size);
	string = buf ? json_string(escape_text(text, strlen(text), buf, size)) : NULL;
	free(buf);
	return string;
}

static json_t *list_to_json(const struct field *field, const struct field_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		if (json_array_append_new(
			    array, fields_to_json(field->fields, (const char *)list->items +
									 i * field->size)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *map_to_json(const struct field *field, const struct field_list *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->items + i * field->size;
		const char *key = *(const char *const *)(item + field->fields[0].offset);

		if (json_object_set_new(object, key, fields_to_json(field->fields + 1, item)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *strings_to_json(const struct field_list *list)
{
	const char *const *strings = list->items;
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		if (json_array_append_new(array, string_to_json(strings[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *counts_to_json(const struct field_counts *counts)
{
	json_t *object = json_object();

	for (int i = counts->first; i < counts->end; i++)
		if ((counts->all || counts->counts[i] > 0) &&
		    json_object_set_new(object, counts->name(i),
					json_integer((json_int_t)counts->counts[i])) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *member_to_json(const struct field *field, const void *member)
{
	char text[ADDRESS_TEXT_MAX];

	switch (field->type) {
	case FIELD_BOOL:
		return json_boolean(*(const bool *)member);
	case FIELD_INT:
		return json_integer(*(const int *)member);
	case FIELD_UINT:
	case FIELD_USEC:
	case FIELD_TIME:
		return json_integer((json_int_t) * (const uint64_t *)member);
	case FIELD_STRING:
		return string_to_json(*(const char *const *)member ?: "");
	case FIELD_ADDRESS:
		return json_string(address_format(member, text));
	case FIELD_OBJECT:
	case FIELD_INLINE:
		return fields_to_json(field->fields, *(const void *const *)member);
	case FIELD_LIST:
		return list_to_json(field, member);
	case FIELD_MAP:
		return map_to_json(field, member);
	case FIELD_STRINGS:
		return strings_to_json(member);
	case FIELD_COUNTS:
		return counts_to_json(member);
	case _FIELD_TYPE_MAX:
		break;
	}
	return NULL;
}

/* Takes over value; NULL: out of memory. */
static int add_member(json_t *object, const struct field *field, json_t *value)
{
	return field->type == FIELD_INLINE ? json_object_update_new(object, value)
					   : json_object_set_new(object, field->name, value);
}

json_t *fields_to_json(const struct field *fields, const void *view)
{
	json_t *object = json_object();

	for (const struct field *field = fields; field->name; field++) {
		const void *member = (const char *)view + field->offset;

		if (field->presence == FIELD_IF_SET && !is_set(field, member))
			continue;
		if (add_member(object, field, member_to_json(field, member)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
