/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash for untrusted keys, such as groups: drawn at random from a strongly universal family
 * (multilinear over 32-bit words; Carter and Wegman), so that colliding keys cannot be chosen.
 */
#ifndef AMT_BASE_HASH_H
#define AMT_BASE_HASH_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define HASH_WORDS_MAX 9 /* of a key: two IPv6 addresses and a number */

struct hash {
	uint64_t seed[HASH_WORDS_MAX + 1];
};

/* Draw one. 0 or negative errno. */
static inline int hash_draw(struct hash *hash)
{
	ssize_t n = getrandom(hash->seed, sizeof(hash->seed), 0);

	if (n != sizeof(hash->seed))
		return n < 0 ? -errno : -EIO;
	return 0;
}

/* Of length bytes, in words of 4; sum and words: of the preceding data, 0 at first. */
static inline uint64_t hash_sum(const struct hash *hash, uint64_t sum, size_t words,
				const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t word;

	for (size_t i = 0; i < length / sizeof(word); i++) {
		memcpy(&word, bytes + i * sizeof(word), sizeof(word));
		sum += hash->seed[words + i] * word;
	}
	return sum;
}

static inline uint32_t hash_end(const struct hash *hash, uint64_t sum)
{
	return (sum + hash->seed[HASH_WORDS_MAX]) >> 32;
}

static inline uint32_t hash_bytes(const struct hash *hash, const void *data, size_t length)
{
	return hash_end(hash, hash_sum(hash, 0, 0, data, length));
}

#endif
