/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure part of probes: back-off and text. */
#include "base/clock.h"
#include "discovery/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BACK_OFF_MAX (120 * USEC_PER_SEC)

usec_t probe_back_off_usec(unsigned int n, uint32_t random)
{
	usec_t limit = usec_back_off(USEC_PER_SEC, BACK_OFF_MAX, n);

	return USEC_PER_SEC + (limit - USEC_PER_SEC) * random / UINT32_MAX;
}

/* icmp_err_convert of net/ipv4/icmp.c, read backwards. */
static const char *error_string(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "port unreachable";
	case EHOSTUNREACH:
		return "host unreachable";
	case ENETUNREACH:
		return "network unreachable";
	case ENOPROTOOPT:
		return "protocol unreachable";
	case EHOSTDOWN:
		return "host unknown";
	case EMSGSIZE:
		return "packet too big";
	case EINVAL:
	case EADDRNOTAVAIL:
		return "the source address is not this host's";
	case EACCES: /* a broadcast address; a prohibiting route */
	case EPERM:
		return "forbidden by this host";
	default:
		return strerror(error);
	}
}

static const char *format_unreachable(const struct probe_result *result,
				      char buf[static PROBE_TEXT_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	if (!address_is_set(&result->offender))
		snprintf(buf, PROBE_TEXT_MAX, "%s", error_string(result->error));
	else
		snprintf(buf, PROBE_TEXT_MAX, "%s (from %s)", error_string(result->error),
			 address_format(&result->offender, text));
	return buf;
}

static const char *format_from(const struct probe_result *result, char buf[static PROBE_TEXT_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	snprintf(buf, PROBE_TEXT_MAX, "the answer came from %s port %u: NAT in between?",
		 address_format(&result->from, text), result->from_port);
	return buf;
}

const char *probe_result_format(const struct probe_result *result, char buf[static PROBE_TEXT_MAX])
{
	char text[ADDRESS_TEXT_MAX];

	switch (result->outcome) {
	case PROBE_ANSWERED:
		snprintf(buf, PROBE_TEXT_MAX, "advertises %s",
			 address_format(&result->advertised, text));
		return buf;
	case PROBE_TIMEOUT:
		return strcpy(buf, "no answer");
	case PROBE_UNREACHABLE:
		return format_unreachable(result, buf);
	case PROBE_MALFORMED:
		snprintf(buf, PROBE_TEXT_MAX, "malformed answer: %s",
			 result->malformed == MESSAGE_ERROR_NONE
				 ? "type: not an Advertisement"
				 : message_error_string(result->malformed));
		return buf;
	case PROBE_NONCE:
		return strcpy(buf, "answers with a nonce that was not sent");
	case PROBE_SOURCE:
		return format_from(result, buf);
	default:
		return strcpy(buf, "unknown");
	}
}
