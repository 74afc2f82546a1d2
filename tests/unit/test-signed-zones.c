/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/signed-zones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dnsname name_of(const char *text)
{
	struct dnsname name;

	assert_int_equal(dnsname_parse(text, &name), 0);
	return name;
}

static bool is_signed(const struct signed_zones *zones, const char *text)
{
	const struct dnsname name = name_of(text);

	return signed_zones_find(zones, &name);
}

static void add(struct signed_zones *zones, const char *text)
{
	const struct dnsname name = name_of(text);

	signed_zones_add(zones, &name);
}

static void test_zones(void **state)
{
	struct signed_zones *zones;
	struct dnsname name;

	assert_int_equal(signed_zones_new(&zones), 0);
	assert_false(is_signed(zones, "a.example"));
	add(zones, ".");
	assert_false(is_signed(zones, "a.example"));
	add(zones, "example");
	add(zones, "b.org");
	add(zones, "EXAMPLE.");
	assert_true(is_signed(zones, "A.example"));
	assert_true(is_signed(zones, "example"));
	assert_false(is_signed(zones, "org"));
	name = name_of("x.y.example");
	signed_zones_remove(zones, &name);
	assert_false(is_signed(zones, "a.example"));
	assert_true(is_signed(zones, "b.org"));
	signed_zones_free(zones);
	signed_zones_free(NULL);
}

/* The oldest goes, and no other. */
static void test_bound(void **state)
{
	struct signed_zones *zones;
	char text[32];

	assert_int_equal(signed_zones_new(&zones), 0);
	for (int i = 0; i <= SIGNED_ZONES_MAX; i++) {
		snprintf(text, sizeof(text), "%d.example", i);
		add(zones, text);
		add(zones, text);
	}
	assert_false(is_signed(zones, "0.example"));
	for (int i = 1; i <= SIGNED_ZONES_MAX; i++) {
		snprintf(text, sizeof(text), "%d.example", i);
		assert_true(is_signed(zones, text));
	}
	signed_zones_free(zones);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
