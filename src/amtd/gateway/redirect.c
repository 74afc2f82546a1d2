/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/redirect.h"

#include "amtd/gateway/mld-flag.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <string.h>

void redirect_reset_query_history(struct gateway *gateway)
{
	memset(gateway->query_history, 0, sizeof(gateway->query_history));
}

void redirect_set_relay(struct gateway *gateway, const struct address *relay)
{
	struct device *device = gateway->device;

	if (address_equal(&gateway->left, relay))
		gateway->left = (struct address){ 0 };
	if (address_equal(&device->relay, relay))
		return;
	if (!address_equal(&device->record.mld_relay, relay))
		device->record.mld_linux = false;
	mld_flag_forget(gateway);
	gateway->tickets = (struct leave_tickets){ 0 };
	redirect_reset_query_history(gateway);
	device->relay = *relay;
}

static void announce_choice(const struct gateway *gateway,
			    const struct selection_candidate *candidate)
{
	const struct device *device = gateway->device;
	const struct address previous = device->record.chosen;
	const char *reason =
		gateway->selection.reason[0] ? gateway->selection.reason : "the only candidate";
	char text[ADDRESS_TEXT_MAX];

	if (address_equal(&previous, &candidate->address))
		return;
	log_notice(device->config->name, "relay %s chosen: %s",
		   address_format(&candidate->address, text), reason);
	event_emit(&(struct event){
		.kind = EVENT_RELAY,
		.device = device,
		.candidate = candidate,
		.previous_relay = previous,
		.reason = reason,
	});
}

/* Was the relay alive when it was left? */
static bool was_alive(const struct selection *selection, struct address address)
{
	for (size_t i = 0; i < selection->n; i++)
		if (address_equal(&selection->candidates[i].address, &address))
			return selection->candidates[i].note[0] == '\0';
	return true; /* no candidate any more: intended */
}

/* For the Teardown, without which the relay keeps sending for minutes. */
static void keep_tickets(struct gateway *gateway)
{
	const struct leave_tickets *tickets = &gateway->tickets;

	if (!(tickets->igmp.known || tickets->mld.known) ||
	    !was_alive(&gateway->selection, gateway->device->record.chosen))
		return;
	gateway->left = gateway->device->relay;
	gateway->left_tickets = *tickets;
	gateway->left_due = false;
}

void redirect_to_choice(struct gateway *gateway)
{
	struct device *device = gateway->device;
	const struct selection_candidate *candidate =
		&gateway->selection.candidates[gateway->selection.chosen];
	struct record *record = &device->record;
	struct address wire;

	gateway->choices_done = gateway->selection.choices;
	gateway->move_at = 0;
	redirect_reset_query_history(gateway);
	gateway->liveness.doubts = 0;
	device->dirty = true;
	keep_tickets(gateway);
	announce_choice(gateway, candidate);
	record->chosen = candidate->address;
	if (device->ifindex == 0 && record->ifindex == 0)
		return; /* the device will be created for this relay */

	device->previous = record->redirect;
	gateway->previous_until = 0;
	wire = address_is_set(&candidate->relay) ? candidate->relay : candidate->address;
	/* The driver itself only talks to the relay that the device was created for. */
	record->redirect = (struct address){ 0 };
	if (!address_equal(&candidate->address, &record->discovery))
		record->redirect = wire;
	redirect_set_relay(gateway,
			   address_is_set(&record->redirect) ? &record->redirect : &record->remote);
	gateway->kick = true;
}
