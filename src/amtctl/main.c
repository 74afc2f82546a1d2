/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/amtctl.h"
#include "amtctl/create-options.h"
#include "amtctl/output/output.h"
#include "amtctl/suggest.h"
#include "base/array.h"
#include "base/file.h"

#include <amt/bus.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_ANY 65536

static const struct verb {
	const char *name;
	const char *arguments;
	const char *help;
	int min, max; /* arguments */
	bool takes_request;
	int (*run)(const struct settings *settings, int argc, char **argv);
	const struct verb_option *options; /* of its own; NULL: none */
} verbs[] = {
	{ "list", "[NAME...]", "List devices (default)", 0, ARGUMENTS_ANY, false, verb_list },
	{ "status", "[NAME...]", "Show devices in detail", 0, ARGUMENTS_ANY, false, verb_status },
	{ "daemon", "", "Show the state of amtd itself", 0, 0, false, verb_daemon },
	{ "create", "NAME", "Create a device", 1, 1, true, verb_create },
	{ "delete", "NAME...", "Delete devices made by create", 1, ARGUMENTS_ANY, false,
	  verb_delete },
	{ "join", "CHANNEL...", "Join channels: SOURCE,GROUP, or GROUP for any source", 1,
	  ARGUMENTS_ANY, false, verb_join, join_options },
	{ "leave", "CHANNEL...", "Leave channels joined by join", 1, ARGUMENTS_ANY, false,
	  verb_leave, leave_options },
	{ "channels", "[CHANNEL...]", "List channels: state, device, relay, counters", 0,
	  ARGUMENTS_ANY, false, verb_channels },
	{ "reload", "", "Reload the device files and apply changes", 0, 0, false, verb_reload },
	{ "upstream", "DEV [NAME]", "Switch to Upstream= or BackupUpstream=", 1, 2, false,
	  verb_upstream },
	{ "report", "CHANNEL...", "Send IGMP or MLD Reports once", 1, ARGUMENTS_ANY, false,
	  verb_report, report_options },
	{ "cat", "NAME...", "Show device files and drop-ins", 1, ARGUMENTS_ANY, false, verb_cat },
	{ "probe", "RELAY...", "Probe relays: availability and round-trip time", 1, ARGUMENTS_ANY,
	  false, verb_probe, probe_options },
	{ "resolve", "SOURCE", "Look up the relays of a source in DNS", 1, 1, false, verb_resolve,
	  resolve_options },
	{ "zone", "SOURCE...", "Print DNS records for the relays of a source", 1, ARGUMENTS_ANY,
	  false, verb_zone, zone_options },
	{ "monitor", "[NAME...]", "Print events of devices as they happen", 0, ARGUMENTS_ANY, false,
	  verb_monitor, monitor_options },
	{ "wait-online", "[NAME...]", "Wait until gateways are connected", 0, ARGUMENTS_ANY, false,
	  verb_wait_online, wait_online_options },
	{ "help", "[VERB]", "Show this help, or that of one verb", 0, 1, false, verb_help },
};

enum option_value {
	OPTION_BUS = 256,
	OPTION_JSON,
	OPTION_NO_LEGEND,
	OPTION_NO_PAGER,
	OPTION_VERSION,
	OPTION_VERB,	      /* and on: row - OPTION_VERB of the verb's own options */
	OPTION_REQUEST = 512, /* and on: row - OPTION_REQUEST of request_option() */
	OPTION_ALIAS = 768,   /* and on: row - OPTION_ALIAS of request_alias() */
	OPTION_COMPLETE = 1024,
};

static const struct option_row {
	const char *name;
	const char *argument;
	const char *help;
	int value;	   /* a short option, or enum option_value */
	const char *words; /* values to complete; NULL: any */
} options[] = {
	{ "json", "MODE", "Print JSON: pretty, short or off", OPTION_JSON, "pretty short off" },
	{ "j", NULL, "Same as --json=pretty on a terminal, else --json=short", 'j' },
	{ "no-legend", NULL, "Do not print headings and footers", OPTION_NO_LEGEND },
	{ "no-pager", NULL, "Do not use a pager", OPTION_NO_PAGER },
	{ "bus", "PATH", "Socket of amtd (default: /run/amt/bus)", OPTION_BUS },
	{ "version", NULL, "Show the version", OPTION_VERSION },
	{ "help", NULL, "Show this help (also -h)", 'h' },
};

#define OPTIONS_MAX 128

static const char *verb_name(size_t i)
{
	return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static const char *option_name(size_t i)
{
	const struct config_key *option;
	size_t n_request = 0, j, k;

	if (i < ARRAY_SIZE(options))
		return options[i].name;
	i -= ARRAY_SIZE(options);
	while ((option = request_option(n_request)))
		if (n_request++ == i)
			return option->option;
	i -= n_request;
	for (j = 0; j < ARRAY_SIZE(verbs); j++)
		for (k = 0; verbs[j].options && verbs[j].options[k].name; k++)
			if (i-- == 0)
				return verbs[j].options[k].name;
	return NULL;
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *word)
{
	const char *near = suggest_find(word, verb_name);

	if (near)
		return output_error(AMTCTL_USAGE,
				    "%s: unknown verb; did you mean %s? see amtctl --help", word,
				    near);
	return output_error(AMTCTL_USAGE, "%s: unknown verb; see amtctl --help", word);
}

/*
 * Help.
 */

static void print_create_options(void)
{
	const struct config_key *option;
	char left[64];
	size_t i;

	printf("Options of create:\n");
	for (i = 0; (option = request_option(i)); i++) {
		snprintf(left, sizeof(left), "--%s %s", option->option, option->argument);
		printf("  %-28s %s\n", left, option->help);
	}
}

static void print_verb_options(const struct verb *verb)
{
	const struct verb_option *option;
	char left[64];

	printf("Options of %s:\n", verb->name);
	for (option = verb->options; option->name; option++) {
		snprintf(left, sizeof(left), "--%s%s%s", option->name, option->argument ? " " : "",
			 option->argument ?: "");
		printf("  %-28s %s\n", left, option->help);
	}
}

static void print_help(void)
{
	char left[64];
	size_t i;

	printf("Usage: amtctl [OPTION...] [VERB [ARGUMENT...]]\n\n"
	       "Control Automatic Multicast Tunneling devices (RFC 7450).\n\n"
	       "Verbs:\n");
	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].arguments);
		printf("  %-28s %s\n", left, verbs[i].help);
	}

	printf("\nOptions:\n");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		snprintf(left, sizeof(left), "%s%s%s%s", options[i].name[1] ? "--" : "-",
			 options[i].name, options[i].argument ? "=" : "",
			 options[i].argument ?: "");
		printf("  %-28s %s\n", left, options[i].help);
	}

	putchar('\n');
	print_create_options();
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i].options) {
			putchar('\n');
			print_verb_options(&verbs[i]);
		}
	printf("\nExit status: 0 success, 1 failure, 2 usage, 3 no such device, 4 amtd not running.\n"
	       "See amtctl(1) and amt(5).\n");
}

int verb_help(const struct settings *settings, int argc, char **argv)
{
	const struct verb *verb;

	if (argc == 0) {
		output_page(settings);
		print_help();
		return AMTCTL_OK;
	}

	verb = find_verb(argv[0]);
	if (!verb)
		return unknown_verb(argv[0]);
	printf("amtctl %s%s%s%s\n%s.\n", verb->name, *verb->arguments ? " " : "", verb->arguments,
	       verb->takes_request ? " --link DEV --relay ADDR [OPTION...]"
	       : verb->options	   ? " [OPTION...]"
				   : "",
	       verb->help);
	if (verb->takes_request) {
		putchar('\n');
		print_create_options();
	}
	if (verb->options) {
		putchar('\n');
		print_verb_options(verb);
	}
	return AMTCTL_OK;
}

/*
 * The command line.
 */

static size_t add_verb_options(struct option long_options[OPTIONS_MAX], size_t n,
			       const struct verb *verb)
{
	size_t i;

	for (i = 0; verb->options && verb->options[i].name && n < OPTIONS_MAX - 1; i++)
		long_options[n++] = (struct option){
			.name = verb->options[i].name,
			.has_arg = verb->options[i].argument ? required_argument : no_argument,
			.val = OPTION_VERB + (int)i,
		};
	return n;
}

/* getopt takes the first match: an option of the verb itself hides that of create. verb NULL: all
 * of them. */
static void fill_long_options(struct option long_options[OPTIONS_MAX], const struct verb *verb)
{
	const struct config_key *option;
	size_t i, n = 0;

	if (verb)
		n = add_verb_options(long_options, n, verb);
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name[1])
			long_options[n++] = (struct option){
				.name = options[i].name,
				.has_arg = options[i].argument ? required_argument : no_argument,
				.val = options[i].value,
			};
	long_options[n++] = (struct option){ "complete", required_argument, NULL, OPTION_COMPLETE };
	for (i = 0; (option = request_option(i)) && n < OPTIONS_MAX - 1; i++)
		long_options[n++] = (struct option){
			.name = option->option,
			.has_arg = required_argument,
			.val = OPTION_REQUEST + i,
		};
	for (i = 0; request_alias(i) && n < OPTIONS_MAX - 1; i++)
		if (request_alias(i)->old_option)
			long_options[n++] = (struct option){
				.name = request_alias(i)->old_option,
				.has_arg = required_argument,
				.val = OPTION_ALIAS + (int)i,
			};
	for (i = 0; !verb && i < ARRAY_SIZE(verbs); i++)
		n = add_verb_options(long_options, n, &verbs[i]);
	long_options[n] = (struct option){ 0 };
}

/* The verb decides what an option means, wherever the option stands. Errors are for the second
 * pass. */
static const struct verb *peek_verb(int argc, char **argv)
{
	struct option long_options[OPTIONS_MAX];
	const struct verb *verb;

	fill_long_options(long_options, NULL);
	opterr = 0;
	while (getopt_long(argc, argv, "+:hj", long_options, NULL) >= 0)
		;
	verb = optind < argc ? find_verb(argv[optind]) : NULL;
	optind = 0; /* getopt starts over */
	return verb ?: &verbs[0];
}

/* word: as on the command line. getopt returns ':' for a missing argument, '?' for other errors,
 * and optopt is 0 when no option has the name. */
static int bad_option(int c, const char *word)
{
	char name[SUGGEST_WORD_MAX + 1];
	const char *near = NULL;

	if (strncmp(word, "--", 2) != 0)
		return output_error(AMTCTL_USAGE, "-%c: unknown option; see amtctl --help", optopt);

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	if (c == ':')
		return output_error(AMTCTL_USAGE, "--%s: missing value; see amtctl --help", name);
	if (optopt)
		return output_error(AMTCTL_USAGE, "--%s: takes no value", name);

	near = suggest_find(name, option_name);
	if (near)
		return output_error(AMTCTL_USAGE,
				    "--%s: unknown option; did you mean --%s? see amtctl --help",
				    name, near);
	return output_error(AMTCTL_USAGE, "--%s: unknown option; see amtctl --help", name);
}

static int set_json(struct settings *settings, const char *mode)
{
	static const char *const modes[] = {
		[JSON_MODE_OFF] = "off",
		[JSON_MODE_SHORT] = "short",
		[JSON_MODE_PRETTY] = "pretty",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (strcmp(modes[i], mode) == 0) {
			settings->json = i;
			return AMTCTL_OK;
		}
	return output_error(AMTCTL_USAGE, "--json %s: expected pretty, short or off", mode);
}

static int set_request(struct settings *settings, const struct config_key *option)
{
	char why[REQUEST_WHY_MAX];
	int r;

	r = request_set(settings->request, option, optarg, why);
	if (r == -EINVAL)
		return output_error(AMTCTL_USAGE, "%s", why);
	return r < 0 ? output_error(AMTCTL_FAILED, "out of memory") : AMTCTL_OK;
}

/* Warns once, however often it is given. */
static int set_renamed(struct settings *settings, size_t row)
{
	const struct config_alias *alias = request_alias(row);

	if (!(settings->renamed & UINT64_C(1) << row))
		output_error(AMTCTL_OK, "--%s is deprecated, use --%s", alias->old_option,
			     alias->option);
	settings->renamed |= UINT64_C(1) << row;
	return set_request(settings, request_find_option(alias->option));
}

static int set_verb_option(struct settings *settings, const struct verb *verb, int row)
{
	if (optarg && settings->values[row])
		return output_error(AMTCTL_USAGE, "--%s: given twice; expected once",
				    verb->options[row].name);
	settings->values[row] = optarg ?: "";
	return AMTCTL_OK;
}

/* An option of the verb, or of create. */
static int set_other_option(struct settings *settings, const struct verb *verb, int c)
{
	if (c < OPTION_REQUEST)
		return set_verb_option(settings, verb, c - OPTION_VERB);
	if (c < OPTION_ALIAS)
		return set_request(settings, request_option(c - OPTION_REQUEST));
	return set_renamed(settings, (size_t)(c - OPTION_ALIAS));
}

static void print_interfaces(void)
{
	struct if_nameindex *interfaces = if_nameindex();

	for (struct if_nameindex *i = interfaces; i && i->if_name; i++)
		puts(output_is_terminal() ? output_safe(i->if_name) : i->if_name);
	if (interfaces)
		if_freenameindex(interfaces);
}

static const char *option_words(const char *name)
{
	const struct config_key *option = request_find_option(name);

	if (option && option->words)
		return option->words;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return options[i].words;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		for (size_t k = 0; verbs[i].options && verbs[i].options[k].name; k++)
			if (strcmp(verbs[i].options[k].name, name) == 0)
				return verbs[i].options[k].words;
	return NULL;
}

/* For shells, a word a line: verbs for "", options for "-", or the values of an option. */
static void print_completions(const char *word)
{
	const char *words;

	if (*word == '\0')
		for (size_t i = 0; verb_name(i); i++)
			puts(verb_name(i));
	else if (strcmp(word, "-") == 0)
		for (size_t i = 0; option_name(i); i++)
			printf("%s%s\n", option_name(i)[1] ? "--" : "-", option_name(i));
	if (strncmp(word, "--", 2) != 0)
		return;
	words = option_words(word + 2);
	if (words && strcmp(words, CONFIG_WORDS_INTERFACES) == 0)
		print_interfaces();
	else if (words)
		for (; *words; words += strcspn(words, " "), words += strspn(words, " "))
			printf("%.*s\n", (int)strcspn(words, " "), words);
}

/* AMTCTL_OK, and *ret_help when only help or the version was asked for, which is printed. */
static int parse_options(struct settings *settings, int argc, char **argv, bool *ret_help)
{
	const struct verb *verb = peek_verb(argc, argv);
	struct option long_options[OPTIONS_MAX];
	int c, r = AMTCTL_OK;

	fill_long_options(long_options, verb);
	opterr = 0;
	while (r == AMTCTL_OK && (c = getopt_long(argc, argv, ":hj", long_options, NULL)) >= 0) {
		switch (c) {
		case 'h':
			*ret_help = true;
			return verb_help(settings, 0, NULL);
		case OPTION_VERSION:
			*ret_help = true;
			puts("amtctl " AMTD_VERSION);
			return AMTCTL_OK;
		case 'j':
			settings->json = output_is_terminal() ? JSON_MODE_PRETTY : JSON_MODE_SHORT;
			break;
		case OPTION_JSON:
			r = set_json(settings, optarg);
			break;
		case OPTION_NO_LEGEND:
			settings->legend = false;
			break;
		case OPTION_NO_PAGER:
			settings->pager = false;
			break;
		case OPTION_BUS:
			settings->bus = optarg;
			break;
		case ':':
		case '?':
			return bad_option(c, argv[optind - 1]);
		case OPTION_COMPLETE:
			*ret_help = true;
			print_completions(optarg);
			return AMTCTL_OK;
		default:
			r = set_other_option(settings, verb, c);
		}
	}
	return r;
}

static int unexpected_argument(const struct verb *verb, const char *word)
{
	const struct config_key *option;
	size_t i;

	/* As with ip link add. */
	for (i = 0; verb->takes_request && (option = request_option(i)); i++)
		if (strcmp(option->option, word) == 0)
			return output_error(
				AMTCTL_USAGE,
				"%s %s: unexpected argument; options start with --: --%s %s",
				verb->name, word, option->option, option->argument);
	return output_error(AMTCTL_USAGE, "%s %s: unexpected argument; expected amtctl %s%s%s",
			    verb->name, word, verb->name, *verb->arguments ? " " : "",
			    verb->arguments);
}

static int run_verb(const struct settings *settings, int argc, char **argv)
{
	const struct verb *verb = &verbs[0];

	if (argc > 0) {
		verb = find_verb(argv[0]);
		if (!verb)
			return unknown_verb(argv[0]);
		argc--;
		argv++;
	}

	if (!verb->takes_request && !request_is_empty(settings->request))
		return output_error(AMTCTL_USAGE,
				    "%s: options of create are not valid here; see amtctl --help",
				    verb->name);
	if (argc < verb->min)
		return output_error(AMTCTL_USAGE, "%s: %.*s is missing; expected amtctl %s %s",
				    verb->name, (int)strcspn(verb->arguments, ". "),
				    verb->arguments, verb->name, verb->arguments);
	if (argc > verb->max)
		return unexpected_argument(verb, argv[verb->max]);

	return verb->run(settings, argc, argv);
}

int main(int argc, char **argv)
{
	struct settings settings = { .legend = true, .pager = true };
	char bus[PATH_MAX];
	bool help = false;
	int r;

	setlocale(LC_ALL, "");
	output_begin();

	settings.bus = bus;
	settings.request = request_new();
	if (!settings.request)
		r = output_error(AMTCTL_FAILED, "out of memory");
	else if (file_path(bus, BUS_SOCKET) < 0)
		r = output_error(AMTCTL_FAILED, "$AMTD_ROOT: too long");
	else
		r = parse_options(&settings, argc, argv, &help);
	if (r == AMTCTL_OK && !help)
		r = run_verb(&settings, argc - optind, argv + optind);

	if (output_end() < 0 && r == AMTCTL_OK)
		r = output_error(AMTCTL_FAILED, "cannot write to standard output");
	request_free(settings.request);
	return r;
}
