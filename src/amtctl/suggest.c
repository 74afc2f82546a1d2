/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/suggest.h"

#include <limits.h>
#include <string.h>

#define NEAR_EDITS_MAX 2

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int suggest_distance(const char *a, const char *b)
{
	unsigned int row[SUGGEST_WORD_MAX + 1], diagonal, above;
	size_t n_a = strlen(a), n_b = strlen(b), i, j;

	if (n_a > SUGGEST_WORD_MAX || n_b > SUGGEST_WORD_MAX)
		return UINT_MAX;

	for (j = 0; j <= n_b; j++)
		row[j] = j;

	for (i = 1; i <= n_a; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= n_b; j++) {
			above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}

	return row[n_b];
}

const char *suggest_find(const char *word, const char *(*name)(size_t i))
{
	unsigned int distance, best_distance = NEAR_EDITS_MAX + 1;
	const char *candidate, *best = NULL;
	size_t i;

	for (i = 0; (candidate = name(i)); i++) {
		distance = suggest_distance(word, candidate);
		if (distance < best_distance && distance * 2 < strlen(candidate)) {
			best_distance = distance;
			best = candidate;
		}
	}

	return best;
}
