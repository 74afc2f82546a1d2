/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of a device file, amt(5): what a key is, and the kinds of values that several sections
 * share.
 */
#ifndef AMT_DEVICE_CONFIG_PARSE_H
#define AMT_DEVICE_CONFIG_PARSE_H

#include "device/config.h"

struct config_load;

/* How the value of a key is read, dropped and compared. The field is at the key's offset. */
struct config_kind {
	/* value is not empty. 0 or negative errno, config_error_text(); the field is untouched
	 * then. NULL: the key stands for several lines, and is an option of amtctl alone. */
	int (*parse)(struct config_load *load, const char *value, void *field);
	/* Free what the field holds, and empty it. NULL: size bytes, zeroed. */
	void (*clear)(struct config *config, void *field);
	/* NULL: nothing of it is kept. */
	bool (*equal)(const struct config *a, const struct config *b, size_t offset, size_t size);
};

struct config_key {
	const char *section;
	const char *key;    /* NULL: see struct config_kind */
	unsigned int modes; /* 1 << enum config_mode: where it is valid */
	const struct config_kind *kind;
	size_t offset, size;
	uint32_t initial;  /* numbers, booleans and words: the default */
	uint32_t min, max; /* numbers */
	const char *expected;
	const char *words; /* the only ones, or those to complete, or CONFIG_WORDS_INTERFACES;
			    * NULL: any */

	/* amtctl create --OPTION ARGUMENT; option NULL: none. */
	const char *option, *argument, *help;
	bool repeats;
};

/* State of one load. */
struct config_load {
	struct config *config;
	const struct conf_handler *warn;
	const struct conf_assignment *assignment; /* while one is parsed */
	const struct config_key *key;		  /* of it */
	bool match;
};

extern const struct config_kind config_kind_number;    /* min to max; 2 or 4 bytes */
extern const struct config_kind config_kind_boolean;   /* bool */
extern const struct config_kind config_kind_word;      /* index into words; bool or enum */
extern const struct config_kind config_kind_text;      /* char * */
extern const struct config_kind config_kind_interface; /* char[IFNAMSIZ] */
extern const struct config_kind config_kind_source;    /* struct address of a host */
extern const struct config_kind config_kind_host;      /* the same, IPv4 only */

int config_parse_host(struct config_load *load, const char *value, void *field);

/* The number into a field of 1 (bool), 2 or 4 bytes. */
void config_set_number(void *field, size_t size, uint32_t value);

/* A blank-separated list: each word by itself. */
int config_parse_words(struct config_load *load, const char *value,
		       int (*parse)(struct config *config, const char *word));

/* Append an element of size bytes, zeroed, to an array of at most max; NULL and errno when it
 * cannot be. */
void *config_append(void *array, size_t *n, size_t size, size_t max);

#endif
