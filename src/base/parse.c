/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"

#include "base/array.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

int parse_boolean(const char *text)
{
	/* Those at odd places are true. */
	static const char *const words[] = {
		"0", "1", "no", "yes", "n", "y", "false", "true", "f", "t", "off", "on",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return i % 2;
	return -EINVAL;
}

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return -EINVAL;

	for (; *text != '\0'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -ERANGE;
	}
	if (value < min)
		return -ERANGE;

	*ret = (uint32_t)value;
	return 0;
}

int parse_u16(const char *text, uint16_t min, uint16_t max, uint16_t *ret)
{
	uint32_t value;
	int r;

	r = parse_u32(text, min, max, &value);
	if (r < 0)
		return r;

	*ret = (uint16_t)value;
	return 0;
}

/* Not strtod(), which depends on the locale. */
int parse_span(const char *text, usec_t min_usec, usec_t max_usec, usec_t *ret_usec)
{
	usec_t usec = 0, unit = USEC_PER_SEC;
	size_t digits = strspn(text, "0123456789"), decimals = 0, i;

	if (text[digits] == '.')
		decimals = strspn(text + digits + 1, "0123456789");
	if (digits + decimals == 0 || digits > 6 || decimals > 6 ||
	    text[digits + (text[digits] == '.') + decimals] != '\0')
		return -EINVAL;
	for (i = 0; i < digits; i++)
		usec = usec * 10 + (uint64_t)(text[i] - '0') * USEC_PER_SEC;
	for (i = 0; i < decimals; i++) {
		unit /= 10;
		usec += (uint64_t)(text[digits + 1 + i] - '0') * unit;
	}
	if (usec < min_usec || usec > max_usec)
		return -ERANGE;
	*ret_usec = usec;
	return 0;
}

int parse_ifname(const char *text, char ret[static IFNAMSIZ])
{
	static const char *const reserved[] = { "", ".", "..", "all", "default" };
	size_t i, length = strlen(text);

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(text, reserved[i]) == 0)
			return -EINVAL;

	for (i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("/:%", text[i]))
			return -EINVAL;

	if (length > 0 && text[length - 1] == '\\')
		return -EINVAL;
	if (length >= IFNAMSIZ)
		return -ENAMETOOLONG;

	memcpy(ret, text, length + 1);
	return 0;
}
