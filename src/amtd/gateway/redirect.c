/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/redirect.h"

#include "amtd/gateway/mld-flag.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <string.h>

void redirect_forget_asked(struct gateway *gateway)
{
	memset(gateway->asked, 0, sizeof(gateway->asked));
}

void redirect_set_relay(struct gateway *gateway, struct in_addr relay)
{
	struct device *device = gateway->device;

	if (gateway->left.s_addr == relay.s_addr)
		gateway->left.s_addr = 0;
	if (device->relay.s_addr == relay.s_addr)
		return;
	if (device->record.mld_relay.s_addr != relay.s_addr)
		device->record.mld_linux = false;
	mld_flag_forget(gateway);
	gateway->tickets = (struct leave_tickets){ 0 };
	redirect_forget_asked(gateway);
	device->relay = relay;
}

static void announce_choice(const struct gateway *gateway,
			    const struct selection_candidate *candidate)
{
	const struct device *device = gateway->device;
	const struct in_addr previous = device->record.chosen;
	const char *reason =
		gateway->selection.reason[0] ? gateway->selection.reason : "it is the only one";
	char text[INET_ADDRSTRLEN];

	if (previous.s_addr == candidate->address.s_addr)
		return;
	log_notice(device->config->name, "relay %s chosen: %s",
		   inet_ntop(AF_INET, &candidate->address, text, sizeof(text)), reason);
	event_emit(&(struct event){
		.kind = EVENT_RELAY,
		.device = device,
		.candidate = candidate,
		.previous_relay = previous,
		.reason = reason,
	});
}

/* Was the relay that is left in order when it was? */
static bool lives(const struct selection *selection, struct in_addr address)
{
	for (size_t i = 0; i < selection->n; i++)
		if (selection->candidates[i].address.s_addr == address.s_addr)
			return selection->candidates[i].note[0] == '\0';
	return true; /* it is no candidate any more: wanted so */
}

/* It is to be told that it was left, or it sends on for minutes. */
static void keep_tickets(struct gateway *gateway)
{
	const struct leave_tickets *tickets = &gateway->tickets;

	if (!(tickets->igmp.known || tickets->mld.known) ||
	    !lives(&gateway->selection, gateway->device->record.chosen))
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
	struct in_addr wire;

	gateway->choices_done = gateway->selection.choices;
	gateway->move_at = 0;
	redirect_forget_asked(gateway);
	gateway->liveness.doubts = 0;
	device->dirty = true;
	keep_tickets(gateway);
	announce_choice(gateway, candidate);
	record->chosen = candidate->address;
	if (device->ifindex == 0 && record->ifindex == 0)
		return; /* the device will be made for this relay */

	device->previous = record->redirect;
	gateway->previous_until = 0;
	wire = candidate->relay.s_addr != 0 ? candidate->relay : candidate->address;
	/* The driver asks the relay that the device was made for, and none but it, by itself. */
	record->redirect.s_addr =
		candidate->address.s_addr == record->discovery.s_addr ? 0 : wire.s_addr;
	redirect_set_relay(gateway,
			   record->redirect.s_addr != 0 ? record->redirect : record->remote);
	gateway->kick = true;
}
