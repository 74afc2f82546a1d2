/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/bus.h"
#include "amtd/channels/wing.h"
#include "amtd/core/daemon.h"
#include "amtd/core/failure.h"
#include "amtd/core/load.h"
#include "amtd/forward/wing.h"
#include "amtd/gateway/wing.h"
#include "amtd/relay/wing.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "kernel/firewall.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* In this order; stopped in reverse. */
static const struct wing *const wings[] = {
	&gateway_wing, &channels_wing, &forward_wing, &relay_wing, NULL,
};

#define QUEUE_BASE 2268
#define QUEUE_LAST (UINT16_MAX - _FIREWALL_QUEUE_MAX + 1)

#define EXIT_USAGE 2

struct options {
	const char *bus;
	uint16_t queue;
};

static const char usage[] =
	"amtd [OPTIONS]\n"
	"\n"
	"Create and maintain the AMT devices configured in /etc/amt and /run/amt.\n"
	"\n"
	"  --bus PATH         listen there for amtctl (default: /run/amt/bus)\n"
	"  --queue NUMBER     first of ten NFQUEUE numbers to use (default: 2268)\n"
	"  --log-level LEVEL  err, warning, notice, info or debug (default: info)\n"
	"  --version          print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"AMTD_ROOT=DIR in the environment is prefixed to all paths. See amtd(8).\n";

static int parse_level(const char *text)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "err", LOG_ERR },   { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
		{ "info", LOG_INFO }, { "debug", LOG_DEBUG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(text, levels[i].name) == 0)
			return levels[i].level;
	return -EINVAL;
}

/* 1: go on; else exit with *ret_status. */
static int parse_options(int argc, char *argv[], struct options *ret, int *ret_status)
{
	static const struct option table[] = {
		{ "bus", required_argument, NULL, 'b' },
		{ "queue", required_argument, NULL, 'q' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL },
	};
	int c;

	*ret_status = EXIT_USAGE;
	while ((c = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
		switch (c) {
		case 'b':
			ret->bus = optarg;
			break;
		case 'q':
			if (parse_u16(optarg, 0, QUEUE_LAST, &ret->queue) < 0) {
				fprintf(stderr, "amtd: --queue %s: not a number from 0 to %u\n",
					optarg, QUEUE_LAST);
				return 0;
			}
			break;
		case 'l':
			if (parse_level(optarg) < 0) {
				fprintf(stderr,
					"amtd: --log-level %s: not one of err, warning, notice, info, debug\n",
					optarg);
				return 0;
			}
			log_set_max_level(parse_level(optarg));
			break;
		case 'v':
			printf("amtd %s\n", AMTD_VERSION);
			*ret_status = EXIT_SUCCESS;
			return 0;
		case 'h':
			fputs(usage, stdout);
			*ret_status = EXIT_SUCCESS;
			return 0;
		default:
			return 0; /* getopt has printed the error */
		}
	}
	if (optind < argc) {
		fprintf(stderr, "amtd: %s: unexpected argument; see amtd --help\n", argv[optind]);
		return 0;
	}
	return 1;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct failure failure;

	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic());
	if (load_reload(userdata, &failure) < 0)
		log_error(NULL, "%s", failure.text);
	sd_notify(false, "READY=1");
	return 0;
}

static int add_signals(sd_event *event, struct manager *manager)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, manager);
	return r;
}

/* The bus is bound first: that fails when another amtd is running. */
static int run_daemon(sd_event *event, struct manager *manager, const char *path)
{
	struct bus *bus;
	int r;

	r = bus_listen(event, path, manager, &bus);
	if (r == -EADDRINUSE) {
		log_error(path, "another amtd is running; stop it, or use another AMTD_ROOT");
		return r;
	}
	if (r < 0) {
		log_error(path, "cannot listen: %s", strerror(-r));
		return r;
	}
	r = daemon_start(manager);
	if (r == 0) {
		sd_notify(false, "READY=1");
		r = sd_event_loop(event);
		sd_notify(false, "STOPPING=1");
		daemon_stop(manager);
	}
	bus_close(bus);
	return r;
}

static int run_amtd(const struct options *options)
{
	struct manager *manager = NULL;
	char directory[PATH_MAX], path[PATH_MAX];
	sd_event *event = NULL;
	int r;

	r = file_path(directory, "/run/amt");
	if (r == 0)
		r = file_make_directory(directory, 0755);
	if (r < 0) {
		log_error("/run/amt", "cannot be created: %s; amtd must run as root", strerror(-r));
		return r;
	}
	r = options->bus ? snprintf(path, sizeof(path), "%s", options->bus)
			 : file_path(path, BUS_SOCKET);
	if (r >= 0)
		r = sd_event_new(&event);
	if (r >= 0)
		r = daemon_new(event, options->queue, wings, &manager);
	if (r >= 0)
		r = add_signals(event, manager);
	if (r >= 0)
		r = sd_event_set_watchdog(event, true);
	if (r < 0)
		log_error(NULL, "cannot start: %s%s", strerror(-r),
			  r == -EPERM ? "; amtd needs CAP_NET_ADMIN" : "");
	else
		r = run_daemon(event, manager, path);
	daemon_free(manager);
	sd_event_unref(event);
	return r;
}

int main(int argc, char *argv[])
{
	struct options options = { .queue = QUEUE_BASE };
	int status;

	if (parse_options(argc, argv, &options, &status) <= 0)
		return status;
	return run_amtd(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
