/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/members.h"

#include "amtd/core/keep.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/state-log.h"
#include "membership/router-state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void warn_unwritten(const struct forward *forward, int error)
{
	log_warning(
		forward->device->config->name,
		"cannot write down its hosts' memberships: %s; after a restart hosts have to report again",
		strerror(-error));
}

void members_open(struct forward *forward)
{
	int r;

	r = state_log_open("/run/amt/members", forward->device->config->name, &forward->members);
	if (r < 0)
		warn_unwritten(forward, r);
}

void members_close(struct forward *forward)
{
	state_log_close(forward->members, !keep_is_released(forward->manager->keep));
	forward->members = NULL;
}

struct restoring {
	struct downstream *downstream;
	size_t n, invalid;
};

/* "IFNAME GROUP ..." */
static void restore_line(const char *line, void *userdata)
{
	struct restoring *restoring = userdata;
	struct downstream *downstream = restoring->downstream;
	const size_t length = strlen(downstream->name);
	struct side *side;
	size_t group;

	if (strncmp(line, downstream->name, length) != 0 || line[length] != ' ')
		return;
	line += length + 1;
	group = strcspn(line, " ");
	if (strcmp(line + group, " -") == 0)
		return;
	side = &downstream->sides[memchr(line, ':', group) ? FAMILY_IPV6 : FAMILY_IPV4];
	if (!side->router)
		return;
	if (router_read_group(side->router, line, router_recovery_usec(side->router),
			      clock_monotonic()) == 0)
		restoring->n++;
	else
		restoring->invalid++;
}

void members_restore(struct forward *forward, struct downstream *downstream)
{
	struct restoring restoring = { .downstream = downstream };

	if (!forward->members)
		return;
	forward->reading = true;
	state_log_each(forward->members, restore_line, &restoring);
	forward->reading = false;
	if (restoring.invalid > 0)
		log_warning(downstream->name,
			    "cannot take up %zu memberships of before; hosts have to report again",
			    restoring.invalid);
	if (restoring.n > 0)
		log_info(downstream->name, "took up %zu groups of before", restoring.n);
}

static void write_group(const struct side *side, const struct address *group, FILE *stream)
{
	fprintf(stream, "%s ", side->downstream->name);
	router_write_group(side->router, group, clock_monotonic(), stream);
	fputc('\n', stream);
}

static void write_all(FILE *stream, void *userdata)
{
	const struct forward *forward = userdata;

	for (size_t i = 0; i < forward->n_downstreams; i++)
		for (int family = 0; family < _FAMILY_MAX; family++) {
			const struct side *side = &forward->downstreams[i]->sides[family];
			struct router_group group;
			size_t at = 0;

			while (side->router &&
			       router_next_group(side->router, &at, clock_monotonic(), &group))
				write_group(side, &group.group, stream);
		}
}

void members_rewrite(struct forward *forward)
{
	int r;

	if (!forward->members)
		return;
	r = state_log_rewrite(forward->members, write_all, forward);
	if (r < 0)
		warn_unwritten(forward, r);
}

void members_changed(struct side *side, const struct address *group)
{
	struct forward *forward = side->downstream->forward;
	FILE *stream;
	int r;

	if (!forward->members || forward->reading)
		return;
	stream = state_log_begin(forward->members);
	if (!stream)
		return;
	write_group(side, group, stream);
	r = state_log_end(forward->members);
	if (r > 0)
		members_rewrite(forward);
	else if (r < 0)
		warn_unwritten(forward, r);
}
