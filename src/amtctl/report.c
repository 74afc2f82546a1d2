/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that sends IGMP or MLD Reports, once: report. */
#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/options.h"
#include "amtctl/output/output.h"

#include <amt/bus.h>

#define VERSION_MAX 3 /* of IGMP; amtd checks it for the channel */

enum report_option {
	OPTION_ON,
	OPTION_LEAVE,
	OPTION_VERSION,
	OPTION_UNICAST,
};

const struct verb_option report_options[] = {
	[OPTION_ON] = { "on", "DEV", "Interface to send on; required" },
	[OPTION_LEAVE] = { "leave", NULL, "Send Leaves instead of Reports" },
	[OPTION_VERSION] = { "version", "N", "IGMP or MLD version (default: 3, MLD: 2)" },
	[OPTION_UNICAST] = { "unicast", "ADDR", "Send to this host" },
	{ NULL },
};

static int call_report(const struct settings *settings, struct client *client, char **channels,
		       uint32_t version)
{
	sd_bus_message *message = NULL, *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = sd_bus_message_new_method_call(client_bus(client), &message, NULL, BUS_PATH,
					   BUS_INTERFACE, "Report");
	if (r >= 0)
		r = sd_bus_message_append(message, "s", settings->values[OPTION_ON]);
	if (r >= 0)
		r = sd_bus_message_append_strv(message, channels);
	if (r >= 0)
		r = sd_bus_message_append(message, "usb", version,
					  settings->values[OPTION_UNICAST] ?: "",
					  (int)!!settings->values[OPTION_LEAVE]);
	if (r >= 0)
		r = sd_bus_call(client_bus(client), message, 0, &error, &reply);
	r = r < 0 ? client_call_failed("report", &error, r) : AMTCTL_OK;
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	return r;
}

int verb_report(const struct settings *settings, int argc, char **argv)
{
	struct client *client;
	uint32_t version = 0;
	int r;

	if (!settings->values[OPTION_ON])
		return output_error(
			AMTCTL_USAGE,
			"report: --on is missing; expected the interface, such as --on eth0");
	r = option_number(settings, report_options, OPTION_VERSION, 1, VERSION_MAX, &version);
	if (r != AMTCTL_OK)
		return r;

	r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;
	/* getopt leaves NULL behind the last word */
	r = call_report(settings, client, argv, version);
	client_close(client);
	return r;
}
