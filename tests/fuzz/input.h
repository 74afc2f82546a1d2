/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a fuzz target, taken one by one, and what must hold whatever they are.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer reports an abort with its input. */
#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

struct input {
	const uint8_t *data;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline uint8_t input_take(struct input *input) /* 0 at the end */
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

#endif
