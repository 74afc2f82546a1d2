/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual knows each key of a device file and each option of `amtctl create`, and no other. */
#include "base/array.h"
#include "base/file.h"
#include "device/config-keys.h"
#include "device/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_MAX  (1024 * 1024)
#define WORDS_MAX 512

/* An item of a list, with the section that it stands in. */
struct word {
	char section[32], text[64];
};

struct page {
	struct word words[WORDS_MAX];
	size_t n;
};

/* ".It Cm MaxGroups= , MaxSources=": words without "=" and ",". ".It Fl -link Ar dev": "link". */
static void take_item(struct page *page, const char *section, char *line, const char *macro)
{
	char *save = NULL, *word = strtok_r(line, " ,=", &save);

	if (!word || strcmp(word, macro) != 0)
		return;
	while ((word = strtok_r(NULL, " ,=", &save))) {
		struct word *slot = &page->words[page->n++];

		assert_in_range(page->n, 1, WORDS_MAX - 1);
		snprintf(slot->section, sizeof(slot->section), "%s", section);
		snprintf(slot->text, sizeof(slot->text), "%s", word + strspn(word, "-"));
		if (strcmp(macro, "Fl") == 0)
			return; /* what follows is its argument */
	}
}

static char *read_text(const char *name)
{
	char path[512], *text;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s", getenv("AMTD_MAN"), name);
	assert_int_equal(file_read(path, PAGE_MAX, &text, &length), 0);
	return text;
}

static void read_page(const char *name, const char *macro, struct page *ret)
{
	char section[32] = "", *text = read_text(name), *save = NULL;

	ret->n = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, ".Ss ", 4) == 0 || strncmp(line, ".Sh ", 4) == 0) {
			section[0] = '\0';
			(void)sscanf(line, ".Ss The [%31[^]]] section", section);
		}
		if (strncmp(line, ".It ", 4) == 0)
			take_item(ret, section, line + 4, macro);
	}
	free(text);
}

static bool has_word(const struct page *page, const char *section, const char *text)
{
	for (size_t i = 0; i < page->n; i++)
		if (strcmp(page->words[i].section, section) == 0 &&
		    strcmp(page->words[i].text, text) == 0)
			return true;
	return false;
}

static void test_each_key_has_a_paragraph(void **state)
{
	const struct config_key *key;
	struct page page;

	read_page("amt.5", "Cm", &page);
	for (size_t i = 0; (key = config_key(i)); i++)
		if (key->key && !has_word(&page, key->section, key->key))
			fail_msg("amt(5) has no %s= in [%s]", key->key, key->section);
	for (size_t i = 0; settings_key(i); i++)
		if (!has_word(&page, "Channels", settings_key(i)))
			fail_msg("amt(5) has no %s= in [Channels]", settings_key(i));
}

/* Of a device file, or of amtd.conf, which has [Channels] besides. */
static bool is_key(const char *section, const char *name)
{
	if (strcmp(section, "Channels") != 0)
		return config_find_key(section, name);
	for (size_t i = 0; settings_key(i); i++)
		if (strcmp(settings_key(i), name) == 0)
			return true;
	return false;
}

static void test_each_paragraph_has_a_key(void **state)
{
	struct page page;

	read_page("amt.5", "Cm", &page);
	assert_true(page.n > 0);
	for (size_t i = 0; i < page.n; i++)
		if (page.words[i].section[0] != '\0' &&
		    !is_key(page.words[i].section, page.words[i].text))
			fail_msg("amt(5) has %s= in [%s], which amtd does not know",
				 page.words[i].text, page.words[i].section);
}

static void test_each_option_has_a_paragraph(void **state)
{
	const struct config_key *key;
	struct page page;

	read_page("amtctl.1", "Fl", &page);
	for (size_t i = 0; (key = config_key(i)); i++)
		if (key->option && !has_word(&page, "", key->option))
			fail_msg("amtctl(1) has no --%s", key->option);
}

/* What a row must have, and that no row stands twice. */
static void test_rows(void **state)
{
	const struct config_key *key, *other;

	for (size_t i = 0; (key = config_key(i)); i++) {
		assert_non_null(key->expected);
		assert_true(key->modes != 0);
		assert_true(!key->key || key->kind->parse);
		assert_true(key->kind != &config_kind_word || key->words);
		assert_true(key->min <= key->max);
		assert_true(!key->option || (key->argument && key->help));
		for (size_t j = 0; j < i && (other = config_key(j)); j++) {
			if (key->key && other->key && strcmp(key->section, other->section) == 0)
				assert_string_not_equal(key->key, other->key);
			if (key->option && other->option)
				assert_string_not_equal(key->option, other->option);
		}
	}
}

static void test_aliases_lead_somewhere(void **state)
{
	const struct config_alias *alias;

	for (size_t i = 0; (alias = config_alias(i)); i++) {
		assert_true(is_key(alias->section, alias->key));
		assert_false(is_key(alias->section, alias->old_key));
		assert_int_equal(!alias->old_option, !alias->option);
		if (alias->option)
			assert_string_equal(config_find_key(alias->section, alias->key)->option,
					    alias->option);
	}
}

/* ".It Cm Old=", the option behind it, and the new names on the next line. */
static void test_each_alias_is_listed(void **state)
{
	char *text = read_text("amt.5"), *start, *end;
	const struct config_alias *alias;
	size_t n = 0, listed = 0;

	start = strstr(text, "\n.Sh FORMER NAMES\n");
	assert_non_null(start);
	end = strstr(start + 1, "\n.Sh ");
	assert_non_null(end);
	*end = '\0';
	for (; (alias = config_alias(n)); n++) {
		char item[256];

		snprintf(item, sizeof(item), "\n.It Cm %s=%s%s\n.Cm %s=%s%s\n", alias->old_key,
			 alias->old_option ? " , Fl -" : "", alias->old_option ?: "", alias->key,
			 alias->option ? " , Fl -" : "", alias->option ?: "");
		if (!strstr(start, item))
			fail_msg("FORMER NAMES of amt(5) lacks%s", item);
	}
	for (char *p = start; (p = strstr(p + 1, "\n.It "));)
		listed++;
	assert_int_equal(listed, n);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_has_a_paragraph),
		cmocka_unit_test(test_each_paragraph_has_a_key),
		cmocka_unit_test(test_each_option_has_a_paragraph),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_aliases_lead_somewhere),
		cmocka_unit_test(test_each_alias_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
