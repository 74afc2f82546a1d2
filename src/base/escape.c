/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/escape.h"

#include "base/array.h"

#include <stdio.h>
#include <string.h>

size_t escape_decode(const char *text, size_t length, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)text;
	uint32_t c;
	size_t i, n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}

	n = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
	if (n == 0 || n > length)
		return 0;

	c = p[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;

	*ret = c;
	return n;
}

/* Control characters move the cursor, Unicode's direction and line marks reorder text. */
static bool is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} refused[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f },	  { 0x061c, 0x061c }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f },	  { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0xfffe, 0xffff }, { 0xe0000, 0xe007f },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (c >= refused[i].first && c <= refused[i].last)
			return false;
	return true;
}

static const char *escape(const char *text, size_t length, char *buf, size_t size, uint32_t last)
{
	size_t in = 0, out = 0, cut = 0;

	while (in < length) {
		char piece[5];
		uint32_t c;
		size_t n = escape_decode(text + in, length - in, &c), m;

		if (n > 0 && c <= last && is_printable(c)) {
			m = n;
			memcpy(piece, text + in, n);
		} else {
			n = 1;
			m = 4;
			snprintf(piece, sizeof(piece), "\\x%02x", (unsigned int)(uint8_t)text[in]);
		}
		if (out + m + 1 > size) {
			memcpy(buf + cut, "...", 4);
			return buf;
		}
		memcpy(buf + out, piece, m);
		in += n;
		out += m;
		if (out + 4 <= size)
			cut = out;
	}
	buf[out] = '\0';
	return buf;
}

const char *escape_text(const char *text, size_t length, char *buf, size_t size)
{
	return escape(text, length, buf, size, UINT32_MAX);
}

const char *escape_ascii(const char *text, size_t length, char *buf, size_t size)
{
	return escape(text, length, buf, size, '~');
}

bool escape_is_utf8(const char *text)
{
	size_t length = strlen(text), n;
	uint32_t c;

	for (; length > 0; text += n, length -= n) {
		n = escape_decode(text, length, &c);
		if (n == 0)
			return false;
	}
	return true;
}
