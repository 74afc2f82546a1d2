/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suggestions for a mistyped word. Pure.
 */
#ifndef AMTCTL_SUGGEST_H
#define AMTCTL_SUGGEST_H

#include <stddef.h>

/* Levenshtein distance; words longer than SUGGEST_WORD_MAX are UINT_MAX from everything. */
#define SUGGEST_WORD_MAX 32
unsigned int suggest_distance(const char *a, const char *b);

/* Walk a table of names, such as verbs or options: name(i) is NULL at its end. Returns the nearest
 * that is at most two edits away and shares more than it differs in, or NULL. */
const char *suggest_find(const char *word, const char *(*name)(size_t i));

#endif
