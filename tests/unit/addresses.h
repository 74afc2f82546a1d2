/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as tests write them. */
#ifndef TESTS_UNIT_ADDRESSES_H
#define TESTS_UNIT_ADDRESSES_H

#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static inline struct address address_of(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static inline void assert_address(const struct address *address, const char *text)
{
	char buf[ADDRESS_TEXT_MAX];

	assert_string_equal(address_format(address, buf), text);
}

#endif
