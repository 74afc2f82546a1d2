/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/fields.h"

#include "amtctl/output/output.h"
#include "base/array.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define LABEL_WIDTH 14

const json_t *field(const json_t *object, ...)
{
	const char *key;
	va_list keys;

	va_start(keys, object);
	while (object && (key = va_arg(keys, const char *)))
		object = json_object_get(object, key);
	va_end(keys);

	return object;
}

const char *field_text(const json_t *json)
{
	return output_safe(json_string_value(json));
}

const char *field_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

uint64_t field_number(const json_t *json)
{
	return json_is_integer(json) ? (uint64_t)json_integer_value(json) : 0;
}

json_t *field_select(const json_t *array, field_filter filter, void *userdata)
{
	json_t *selected = json_array(), *object;
	size_t i;

	json_array_foreach (array, i, object)
		if (filter(object, userdata))
			json_array_append(selected, object);
	return selected;
}

void field_set_state(json_t *devices, const char *name, const char *state, const char *reason)
{
	json_object_set_new(devices, name,
			    json_pack("{s:s, s:s}", "state", state, "reason", reason));
}

json_t *field_present_event(const json_t *device, uint64_t now_usec)
{
	static const char *const keys[] = { "state", "reason", "state_since_usec" };
	json_t *event, *value;

	event = json_pack("{s:I, s:O?, s:s}", "time_usec", (json_int_t)now_usec, "ifname",
			  json_object_get(device, "ifname"), "event", "present");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		value = json_object_get(device, keys[i]);
		if (value)
			json_object_set(event, keys[i], value);
	}
	return event;
}

void label(const char *name)
{
	printf("%*s: ", LABEL_WIDTH, name);
}

void label_or_space(const char *name, size_t i)
{
	if (i == 0)
		label(name);
	else
		printf("%*s", LABEL_WIDTH + 2, "");
}

void label_line(const char *name, const char *value)
{
	if (*value == '\0')
		return;
	label(name);
	printf("%s\n", value);
}

void print_reasons(const char *what, const json_t *reasons)
{
	const char *separator = "", *reason;
	uint64_t sum = 0;
	json_t *count;

	json_object_foreach ((json_t *)reasons, reason, count)
		sum += field_number(count);
	if (sum == 0)
		return;
	printf(", %" PRIu64 " %s (", sum, what);
	json_object_foreach ((json_t *)reasons, reason, count) {
		if (field_number(count) == 0)
			continue;
		printf("%s%s %" PRIu64, separator, output_safe(reason), field_number(count));
		separator = ", ";
	}
	putchar(')');
}
