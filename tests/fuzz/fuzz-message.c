/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a UDP payload: what is accepted lies within them and is built again byte for byte.
 */
#include "input.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

static const struct message_inner *inner_of(const struct message *message)
{
	switch (message->type) {
	case AMT_QUERY:
		return &message->query.inner;
	case AMT_UPDATE:
		return &message->update.inner;
	case AMT_DATA:
		return &message->data.inner;
	default:
		return NULL;
	}
}

static void check_inner(const struct message_inner *inner, const uint8_t *data, size_t size)
{
	REQUIRE(inner->data >= data && inner->length > 0);
	REQUIRE((size_t)(inner->data - data) + inner->length <= size);
	REQUIRE(inner->family == (inner->data[0] >> 4 == 4 ? AF_INET : AF_INET6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message_inner *inner;
	struct message message, untouched;
	enum message_error error;
	uint8_t *built;

	memset(&message, 0xa5, sizeof(message));
	memset(&untouched, 0xa5, sizeof(untouched));
	error = message_parse(data, size, &message);
	REQUIRE(error < _MESSAGE_ERROR_MAX && message_error_string(error));
	if (error != MESSAGE_ERROR_NONE) {
		REQUIRE(memcmp(&message, &untouched, sizeof(message)) == 0);
		return 0;
	}

	inner = inner_of(&message);
	if (inner)
		check_inner(inner, data, size);

	built = malloc(size);
	REQUIRE(built);
	REQUIRE(message_build(&message, built, size) == (ssize_t)size);
	REQUIRE(memcmp(built, data, size) == 0);
	REQUIRE(message_build(&message, built, size - 1) < 0);
	free(built);
	return 0;
}
