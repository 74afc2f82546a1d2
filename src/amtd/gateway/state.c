/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/state.h"

#include "amtd/gateway/pins.h"
#include "base/array.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOCK_TEXT_MAX sizeof("23:59:59")

/* What is known, for conditions and their texts. */
struct facts {
	const struct gateway *gateway;
	const struct device *device;
	const struct selection *selection;
	const struct selection_candidate *candidate; /* the chosen one; NULL: none */
	char chosen[ADDRESS_TEXT_MAX];		     /* its address, or "" */
	char relay[ADDRESS_TEXT_MAX];		     /* on the wire */
	char local[ADDRESS_TEXT_MAX];
	usec_t pinned_until; /* pins_until() of the chosen one */
	char *text;	     /* for the reason */
	size_t size;
};

static bool has_candidates(const struct facts *facts)
{
	return facts->selection->n > 0;
}

/* Something of this host is in the way: the pass has the reason. */
static bool is_blocked(const struct facts *facts)
{
	return facts->device->state == DEVICE_WAITING || facts->device->state == DEVICE_FAILED;
}

/* ---- no relay to try ------------------------------------------------------------------------ */

static bool is_looking_up(const struct facts *facts)
{
	return !has_candidates(facts) && facts->gateway->discovery &&
	       facts->gateway->dns_outcome[0] == '\0';
}

static void explain_looking_up(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "looking up relays in DNS");
}

static bool is_excluded(const struct facts *facts)
{
	const struct gateway_refusals *refusals = &facts->gateway->refusals;

	return !has_candidates(facts) && refusals->n > 0 && refusals->excluded == refusals->n;
}

static void explain_excluded(const struct facts *facts)
{
	const struct gateway_refusals *refusals = &facts->gateway->refusals;
	char address[ADDRESS_TEXT_MAX];

	address_format(&refusals->address, address);
	if (refusals->n == 1)
		snprintf(facts->text, facts->size,
			 "Allow= excludes %s, the only relay; widen it, or configure another relay",
			 address);
	else
		snprintf(
			facts->text, facts->size,
			"Allow= excludes all %zu relays, such as %s; widen it, or configure others",
			refusals->n, address);
}

static bool is_unusable(const struct facts *facts)
{
	return !has_candidates(facts) && facts->gateway->refusals.n > 0;
}

static void explain_unusable(const struct facts *facts)
{
	const struct gateway_refusals *refusals = &facts->gateway->refusals;
	char address[ADDRESS_TEXT_MAX];

	snprintf(facts->text, facts->size,
		 "no relay can be used, of %zu; %s: %s; configure another one", refusals->n,
		 address_format(&refusals->address, address), candidate_skip_string(refusals->why));
}

static bool is_other_port(const struct facts *facts)
{
	return !has_candidates(facts) && facts->gateway->refusals.port != 0;
}

static void explain_other_port(const struct facts *facts)
{
	snprintf(facts->text, facts->size,
		 "the relays in DNS have port %u, this gateway uses %u; set RelayPort=%u",
		 facts->gateway->refusals.port, facts->device->config->relay_port,
		 facts->gateway->refusals.port);
}

static bool has_none(const struct facts *facts)
{
	return !has_candidates(facts);
}

static void explain_none(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "no relay known; DNS: %s", facts->gateway->dns_outcome);
}

/* ---- the tunnel ----------------------------------------------------------------------------- */

/* Queries are not seen: the pass shows what the driver says. */
static bool is_unseen(const struct facts *facts)
{
	return facts->device->queue_error;
}

static bool is_good(const struct facts *facts)
{
	return facts->selection->phase == SELECTION_GOOD;
}

static bool is_doubted(const struct facts *facts)
{
	return is_good(facts) && facts->candidate->probing && facts->selection->check_now;
}

static void explain_doubt(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "no answer or data; probing %s", facts->relay);
}

static void explain_good(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "Queries from %s%s", facts->relay,
		 facts->selection->leaving ? ", which is loaded (L flag)" : "");
}

/* ---- a relay that gives no Query ------------------------------------------------------------ */

static bool has_failed(const struct facts *facts)
{
	return facts->selection->failed;
}

/* "", or that there are others, and they fail, too */
static int begin_failed(const struct facts *facts)
{
	int n = 0;

	facts->text[0] = '\0';
	if (has_failed(facts) && facts->selection->n > 1)
		n = snprintf(facts->text, facts->size,
			     "none of %zu relays works; the last: ", facts->selection->n);
	return n;
}

/* A Linux relay identifies gateways by their address alone (drivers/net/amt.c,
 * amt_request_handler()): of two that share one, the second gets no Query. */
static bool is_twin(const struct facts *facts)
{
	return facts->gateway->twin[0] != '\0';
}

static void explain_twin(const struct facts *facts)
{
	snprintf(
		facts->text, facts->size,
		"%s uses this relay from the same address, and a Linux relay serves one gateway per address; give this one its own Local=",
		facts->gateway->twin);
}

static bool is_failed_twin(const struct facts *facts)
{
	return has_failed(facts) && is_twin(facts);
}

/* Of several relays another may work. */
static bool is_pinned(const struct facts *facts)
{
	return facts->pinned_until != 0 && (has_failed(facts) || facts->selection->n == 1);
}

static void explain_pinned(const struct facts *facts)
{
	const time_t until = (time_t)(clock_to_realtime(facts->pinned_until) / USEC_PER_SEC);
	const int n = begin_failed(facts);
	char text[CLOCK_TEXT_MAX] = "";
	struct tm tm;

	if (localtime_r(&until, &tm))
		(void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
	snprintf(
		facts->text + n, facts->size - n,
		"relay %s sends no Query: `amtctl probe --handshake` took the tunnel of %s, which a Linux relay keeps; wait until %s at the latest",
		facts->chosen, facts->local, text);
}

static bool sends_no_query(const struct facts *facts)
{
	return has_failed(facts) && facts->candidate && facts->candidate->no_query &&
	       facts->candidate->good_since != 0;
}

static void explain_no_query(const struct facts *facts)
{
	const int n = begin_failed(facts);

	snprintf(
		facts->text + n, facts->size - n,
		"relay %s answers, but sends no Query; a Linux relay does so for up to 5 minutes after another gateway or probe of the same address, NAT included",
		facts->chosen);
}

static void explain_failed(const struct facts *facts)
{
	const struct selection_candidate *candidate = facts->candidate;
	const char *why = candidate && candidate->note[0] ? candidate->note : "no answer";

	if (facts->selection->n == 1)
		snprintf(facts->text, facts->size, "relay %s does not work: %s", facts->chosen,
			 why);
	else
		snprintf(facts->text, facts->size, "none of %zu relays works%s%s: %s",
			 facts->selection->n, candidate ? "; the last was " : "", facts->chosen,
			 why);
}

/* None that was tried has failed so far. */
static bool is_first_trial(const struct facts *facts)
{
	const struct selection *selection = facts->selection;

	if (selection->phase != SELECTION_TRYING)
		return false;
	for (size_t i = 0; i < selection->n; i++)
		if (selection->candidates[i].note[0] != '\0')
			return false;
	return true;
}

static void explain_first_trial(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "probing relay %s through %s", facts->chosen,
		 facts->device->config->link);
}

static bool is_trying(const struct facts *facts)
{
	return facts->selection->phase == SELECTION_TRYING;
}

static void explain_trying(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "trying %s", facts->chosen);
}

static bool is_leaving(const struct facts *facts)
{
	return facts->candidate;
}

static void explain_leaving(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "leaving %s", facts->chosen);
}

static bool is_probing(const struct facts *facts)
{
	return true;
}

static void explain_probing(const struct facts *facts)
{
	snprintf(facts->text, facts->size, "probing %zu relays", facts->selection->n);
}

/* The first that holds is the state. explain NULL: it stays as it is. */
static const struct condition {
	bool (*holds)(const struct facts *facts);
	enum device_state state;
	void (*explain)(const struct facts *facts);
} conditions[] = {
	{ is_blocked },
	{ is_looking_up, DEVICE_DISCOVERING, explain_looking_up },
	{ is_excluded, DEVICE_NO_RELAY, explain_excluded },
	{ is_unusable, DEVICE_NO_RELAY, explain_unusable },
	{ is_other_port, DEVICE_NO_RELAY, explain_other_port },
	{ has_none, DEVICE_NO_RELAY, explain_none },
	{ is_unseen },
	{ is_doubted, DEVICE_SUSPECT, explain_doubt },
	{ is_good, DEVICE_CONNECTED, explain_good },
	{ is_failed_twin, DEVICE_NO_RELAY, explain_twin },
	{ is_twin, DEVICE_DISCOVERING, explain_twin },
	{ is_pinned, DEVICE_NO_RELAY, explain_pinned },
	{ sends_no_query, DEVICE_NO_RELAY, explain_no_query },
	{ has_failed, DEVICE_NO_RELAY, explain_failed },
	{ is_first_trial, DEVICE_DISCOVERING, explain_first_trial },
	{ is_trying, DEVICE_FAILING_OVER, explain_trying },
	{ is_leaving, DEVICE_FAILING_OVER, explain_leaving },
	{ is_probing, DEVICE_DISCOVERING, explain_probing },
};

/* The kernel's local address, once there is an interface. */
static void gather(const struct gateway *gateway, struct facts *facts)
{
	const struct device *device = gateway->device;
	const struct selection *selection = &gateway->selection;

	facts->gateway = gateway;
	facts->device = device;
	facts->selection = selection;
	address_format(&device->relay, facts->relay);
	address_format(&device->local, facts->local);
	if (selection->chosen < 0)
		return;
	facts->candidate = &selection->candidates[selection->chosen];
	address_format(&facts->candidate->address, facts->chosen);
	facts->pinned_until =
		pins_until(gateway->gateways, &device->local,
			   address_is_set(&facts->candidate->relay) ? &facts->candidate->relay
								    : &facts->candidate->address,
			   clock_monotonic());
}

void state_show(struct gateway *gateway)
{
	char text[sizeof(gateway->device->reason)] = "";
	struct facts facts = { .text = text, .size = sizeof(text) };
	size_t i = 0;

	if (gateway->device->config->mode != CONFIG_GATEWAY)
		return;
	gather(gateway, &facts);
	while (!conditions[i].holds(&facts))
		i++;
	if (!conditions[i].explain)
		return;
	conditions[i].explain(&facts);
	device_set_state(gateway->device, conditions[i].state, "%s", text);
}

/* ---- twins ---------------------------------------------------------------------------------- */

static int compare_tunnels(const void *a, const void *b)
{
	const struct device *x = (*(struct gateway *const *)a)->device;
	const struct device *y = (*(struct gateway *const *)b)->device;
	int r = address_compare(&x->relay, &y->relay);

	return r != 0 ? r : address_compare(&x->local, &y->local);
}

static void show_twin(struct gateway *gateway, const struct gateway *twin)
{
	char previous[sizeof(gateway->twin)];

	memcpy(previous, gateway->twin, sizeof(previous));
	strcpy(gateway->twin, twin ? twin->device->config->name : "");
	if (strcmp(gateway->twin, previous) != 0)
		state_show(gateway);
}

void state_show_twins(struct gateway *const *gateways, size_t n)
{
	struct gateway **connected = calloc(n + 1, sizeof(*connected)), **twin;
	size_t m = 0;

	if (!connected)
		return; /* the next pass shows them */
	for (size_t i = 0; i < n; i++)
		if (gateways[i]->device->state == DEVICE_CONNECTED &&
		    address_is_set(&gateways[i]->device->relay))
			connected[m++] = gateways[i];
	if (m > 0)
		qsort(connected, m, sizeof(*connected), compare_tunnels);
	for (size_t i = 0; connected && i < n; i++) {
		if (!state_may_have_twin(gateways[i]))
			continue;
		gateways[i]->check_twin = false;
		twin = bsearch(&gateways[i], connected, m, sizeof(*connected), compare_tunnels);
		show_twin(gateways[i], twin && *twin != gateways[i] ? *twin : NULL);
	}
	free(connected);
}

bool state_may_have_twin(const struct gateway *gateway)
{
	return gateway->check_twin || gateway->twin[0] != '\0';
}
