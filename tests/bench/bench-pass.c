/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own share of a pass over 1,000 and 10,000 gateways of which none has changed, and
 * how it grows: ports claimed, firewall rules collected and compared.
 * The kernel is left out.
 *
 * usage: bench-pass [DEVICES]   one pass over so many, for callgrind
 */
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/core/ports.h"
#include "base/array.h"
#include "device/device.h"
#include "kernel/firewall-rules.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PORT_FIRST 20000
#define REPEAT	   50

int __wrap_firewall_commit(struct firewall *firewall, const struct firewall_rules *rules,
			   char **ret_error);

/* As the real one begins: nothing to write, for the rules are the same. */
int __wrap_firewall_commit(struct firewall *firewall, const struct firewall_rules *rules,
			   char **ret_error)
{
	char *text;
	int r;

	r = firewall_rules_difference(rules, rules, &text);
	if (r == 0)
		free(text);
	return r;
}

static struct device *make_gateway(unsigned int i)
{
	struct device *device = calloc(1, sizeof(*device));
	struct config *config = calloc(1, sizeof(*config));

	if (!device || !config)
		errx(1, "out of memory");
	snprintf(config->name, sizeof(config->name), "amt%05u", i);
	config->mode = CONFIG_GATEWAY;
	config->relay_port = 2268;
	device->config = config;
	device->port = PORT_FIRST + i;
	device->state = DEVICE_CONNECTED;
	device->record.redirect = (struct address){ .family = AF_INET };
	device->record.redirect.in.s_addr = htonl(0xc6336400 + i % 250 + 1); /* 198.51.100.0/24 */
	device->record.discovery = device->record.redirect;
	return device;
}

static void setup(struct manager *manager, size_t n)
{
	*manager = (struct manager){ .n_devices = n };
	manager->devices = calloc(n, sizeof(struct device *));
	if (!manager->devices || sd_event_new(&manager->event) < 0 || pass_open(manager) < 0 ||
	    ports_new(&manager->ports) < 0)
		errx(1, "out of memory");
	manager->queue = (struct queue *)manager; /* there is one; nobody looks into it */
	for (size_t i = 0; i < n; i++)
		manager->devices[i] = make_gateway(i);
}

static void cleanup(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		free(manager->devices[i]->config);
		free(manager->devices[i]);
	}
	free(manager->devices);
	ports_free(manager->ports);
	pass_close(manager);
	sd_event_unref(manager->event);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* The quickest of some passes, for the machine has other work. */
static double time_pass(size_t n)
{
	struct manager manager;
	double best = 0;

	setup(&manager, n);
	pass_run(&manager);
	for (int i = 0; i < REPEAT; i++) {
		double start = seconds(), taken;

		pass_run(&manager);
		taken = seconds() - start;
		if (i == 0 || taken < best)
			best = taken;
	}
	cleanup(&manager);
	return best;
}

int main(int argc, char *argv[])
{
	static const size_t sizes[] = { 1000, 10000 };
	double taken[ARRAY_SIZE(sizes)];

	if (argc > 1) {
		struct manager manager;

		setup(&manager, strtoul(argv[1], NULL, 10));
		pass_run(&manager);
		cleanup(&manager);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		taken[i] = time_pass(sizes[i]);
		printf("a pass over %zu unchanged gateways\t%.0f\tus\t\n", sizes[i],
		       taken[i] * 1e6);
	}
	printf("  growth for ten times the gateways\t%.1f\t\tabout 10\n", taken[1] / taken[0]);
	return 0;
}
