/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void test_size(void **state)
{
	const int three[] = { 1, 2, 3 };

	assert_int_equal(ARRAY_SIZE(three), 3);
}

static void test_grow(void **state)
{
	_cleanup_free_ uint32_t *array = NULL;
	size_t n = 0, size = 0, moves = 0;

	while (n < 1000) {
		const size_t before = size;

		assert_true(GROW(array, n, size));
		assert_true(size > n);
		moves += size != before;
		array[n] = (uint32_t)n;
		n++;
	}
	assert_in_range(moves, 5, 12);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(array[i], i);
}

static void test_reserve(void **state)
{
	_cleanup_free_ char(*array)[100] = NULL;
	size_t size = 0, n = 0;

	assert_true(RESERVE(array, n, size));
	assert_null(array);
	assert_true(RESERVE(array, 5, size));
	assert_int_equal(size, 8);
	memset(array, 'x', 5 * sizeof(array[0]));
	assert_true(RESERVE(array, 8, size));
	assert_int_equal(size, 8);
	assert_true(RESERVE(array, 9, size));
	assert_int_equal(size, 16);
	assert_int_equal(array[4][99], 'x');
}

/* More than there is leaves all as it was. */
static void test_no_memory(void **state)
{
	_cleanup_free_ uint64_t *array = NULL;
	size_t size = 0, before;
	const uint64_t *where;

	assert_true(RESERVE(array, 1, size));
	array[0] = 7;
	before = size;
	where = array;
	assert_false(RESERVE(array, SIZE_MAX, size));
	assert_int_equal(size, before);
	assert_ptr_equal(array, where);
	assert_int_equal(array[0], 7);
}

static int order_numbers(const void *element, const void *key)
{
	const int a = *(const int *)element, b = *(const int *)key;

	return (a > b) - (a < b);
}

static void test_search(void **state)
{
	static const struct {
		int key;
		size_t n, at;
	} cases[] = {
		{ 1, 0, 0 }, { 1, 5, 0 }, { 2, 5, 0 },	{ 3, 5, 1 }, { 4, 5, 1 }, { 6, 5, 2 },
		{ 7, 5, 4 }, { 9, 5, 4 }, { 10, 5, 5 }, { 9, 4, 4 }, { 2, 1, 0 }, { 5, 1, 1 },
	};
	static const int numbers[] = { 2, 4, 6, 6, 9 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(array_search(numbers, cases[i].n, sizeof(int), &cases[i].key,
					      order_numbers),
				 cases[i].at);
}

static void test_open_and_close(void **state)
{
	int numbers[5] = { 1, 2, 3 };

	array_open(numbers, 3, sizeof(int), 1);
	numbers[1] = 9;
	assert_memory_equal(numbers, ((int[]){ 1, 9, 2, 3 }), 4 * sizeof(int));
	array_open(numbers, 4, sizeof(int), 4);
	numbers[4] = 8;
	assert_memory_equal(numbers, ((int[]){ 1, 9, 2, 3, 8 }), sizeof(numbers));
	array_close(numbers, 5, sizeof(int), 0);
	assert_memory_equal(numbers, ((int[]){ 9, 2, 3, 8 }), 4 * sizeof(int));
	array_close(numbers, 4, sizeof(int), 3);
	assert_memory_equal(numbers, ((int[]){ 9, 2, 3 }), 3 * sizeof(int));
}

static int open_and_keep(int *ret_closed)
{
	_cleanup_close_ int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int none = -EBADF;

	assert_true(closed >= 0 && kept >= 0 && none < 0);
	*ret_closed = closed;
	return TAKE_FD(kept);
}

static char *allocate_and_keep(void)
{
	_cleanup_free_ char *freed = strdup("freed"); /* LeakSanitizer sees it if it is not */
	_cleanup_free_ char *kept = strdup("kept");

	assert_non_null(freed);
	return TAKE(kept);
}

static void test_cleanup(void **state)
{
	int closed, kept = open_and_keep(&closed);
	char *text = allocate_and_keep();

	assert_true(fcntl(kept, F_GETFD) >= 0);
	assert_true(fcntl(closed, F_GETFD) < 0 && errno == EBADF);
	close(kept);
	assert_string_equal(text, "kept");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),	cmocka_unit_test(test_grow),
		cmocka_unit_test(test_reserve), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_search),	cmocka_unit_test(test_open_and_close),
		cmocka_unit_test(test_cleanup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
