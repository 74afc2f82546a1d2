/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs about channels: join, leave, channels. */
#include "base/channel.h"

#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/output/channels.h"
#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#include <stdio.h>
#include <string.h>

enum channel_option {
	OPTION_ON,
};

const struct verb_option join_options[] = {
	[OPTION_ON] = { "on", "DEV", "Join on this interface, a gateway or any other",
			"@interfaces" },
	{ NULL },
};

const struct verb_option leave_options[] = {
	[OPTION_ON] = { "on", "DEV", "The interface it was joined on with --on", "@interfaces" },
	{ NULL },
};

/* As from --on "$INTERFACE" with an unset variable: without --on it would be another request. */
static int check_on(const char *on)
{
	if (on && *on == '\0')
		return output_error(AMTCTL_USAGE, "--on: empty; expected an interface");
	return AMTCTL_OK;
}

/* All arguments are checked before anything is done. */
static int check_channels(int argc, char **argv)
{
	struct channel_key key;
	const char *why;

	for (int i = 0; i < argc; i++)
		if (channel_parse(argv[i], &key, &why) < 0)
			return output_error(AMTCTL_USAGE, "%s: %s", argv[i], why);
	return AMTCTL_OK;
}

/* AMTCTL_OK and a client, when the command line is valid. */
static int open_client(const struct settings *settings, int argc, char **argv, struct client **ret)
{
	int r;

	r = check_on(settings->values[OPTION_ON]);
	if (r == AMTCTL_OK)
		r = check_channels(argc, argv);
	return r == AMTCTL_OK ? client_connect(settings, ret) : r;
}

/* All that can be joined is; the first failure is the exit status. */
int verb_join(const struct settings *settings, int argc, char **argv)
{
	const char *on = settings->values[OPTION_ON] ?: "";
	int r, first = AMTCTL_OK;
	json_t *all, *answer;
	struct client *client;

	r = open_client(settings, argc, argv, &client);
	if (r != AMTCTL_OK)
		return r;
	all = json_array();
	for (int i = 0; i < argc; i++) {
		r = client_call(client, argv[i], &answer, "Join", argv[i], on, NULL);
		if (r != AMTCTL_OK) {
			first = first == AMTCTL_OK ? r : first;
			continue;
		}
		if (settings->json == JSON_MODE_OFF)
			channels_print_joined(json_array_get(answer, 0));
		json_array_extend(all, answer);
		json_decref(answer);
	}
	client_close(client);
	if (settings->json != JSON_MODE_OFF)
		output_json(settings, all);
	json_decref(all);
	return first;
}

int verb_leave(const struct settings *settings, int argc, char **argv)
{
	const char *on = settings->values[OPTION_ON] ?: "";
	int r, first = AMTCTL_OK;
	struct client *client;

	r = open_client(settings, argc, argv, &client);
	if (r != AMTCTL_OK)
		return r;
	for (int i = 0; i < argc; i++) {
		r = client_call(client, argv[i], NULL, "Leave", argv[i], on, NULL);
		if (r != AMTCTL_OK)
			first = first == AMTCTL_OK ? r : first;
		else if (settings->json == JSON_MODE_OFF)
			printf("%s: left\n", output_safe(argv[i]));
	}
	client_close(client);
	return first;
}

struct words {
	int argc;
	char **argv;
};

/* A channel may be joined on several devices. */
static bool is_named(const json_t *channel, void *userdata)
{
	const struct words *words = userdata;
	char name[CHANNEL_TEXT_MAX];
	struct channel_key key;
	const char *why;

	for (int i = 0; i < words->argc; i++)
		if (channel_parse(words->argv[i], &key, &why) == 0 &&
		    strcmp(channel_format(&key, name), TEXT(channel, "channel")) == 0)
			return true;
	return words->argc == 0;
}

int verb_channels(const struct settings *settings, int argc, char **argv)
{
	struct words words = { argc, argv };
	json_t *channels, *chosen;
	struct client *client;
	int r;

	r = check_channels(argc, argv);
	if (r == AMTCTL_OK)
		r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;
	r = client_call(client, "channels", &channels, "Channels", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return r;
	chosen = field_select(channels, is_named, &words);
	json_decref(channels);
	output_page(settings);
	if (settings->json != JSON_MODE_OFF)
		output_json(settings, chosen);
	else if (channels_print_table(chosen, settings->legend) < 0)
		r = output_error(AMTCTL_FAILED, "out of memory");
	json_decref(chosen);
	return r;
}
