#include "graph/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"

const double wait_limits[WAIT_CLASSES - 1] = {0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                              0.25,   0.5,   1,      2.5,   5,    10,    60};

void accounts_init(struct accounts *accounts)
{
    *accounts = (struct accounts){0};
    hash_init(&accounts->by_key, NULL, 64);
    list_init(&accounts->all);
}

static void account_free(struct account *account)
{
    for (size_t i = 0; i < account->box_count; i++) {
        free(account->boxes[i]->name);
        free(account->boxes[i]->waits);
        free(account->boxes[i]);
    }
    free(account->boxes);
    free(account->statistics);
    free(account->key);
    free(account->path);
    free(account->type_name);
    free(account);
}

static void account_remove(struct accounts *accounts, struct account *account)
{
    (void)hash_remove(&accounts->by_key, account->key);
    list_remove(&account->link);
    accounts->count--;
    account_free(account);
}

void accounts_deinit(struct accounts *accounts)
{
    while (!list_is_empty(&accounts->all)) {
        account_remove(accounts, container_of(accounts->all.next, struct account, link));
    }
    hash_deinit(&accounts->by_key);
}

static size_t count_statistics(const struct component_type *type)
{
    size_t count = 0;

    while (type->statistics != NULL && type->statistics[count].name != NULL) {
        count++;
    }
    return count;
}

struct key {
    char text[PATH_SIZE + 128];
};

static struct key key_of(const char *path, const char *type_name)
{
    struct key key;

    (void)snprintf(key.text, sizeof(key.text), "%s\n%s", path, type_name);
    return key;
}

static struct account *find_or_open(struct accounts *accounts, const char *path,
                                    const char *type_name, const struct component_type *type)
{
    const struct key key = key_of(path, type_name);
    struct account *account = hash_get(&accounts->by_key, key.text);

    if (account == NULL) {
        account = mem_alloc(sizeof(*account));
        account->key = mem_strdup(key.text);
        account->path = mem_strdup(path);
        account->type_name = mem_strdup(type_name);
        account->type = type;
        account->statistics = mem_alloc_array(count_statistics(type) + 1, sizeof(struct tally));
        (void)hash_put(&accounts->by_key, account->key, account);
        list_append(&accounts->all, &account->link);
        accounts->count++;
    }
    return account;
}

struct account *accounts_find(struct accounts *accounts, const char *path, const char *type_name,
                              const struct component_type *type)
{
    const bool has_own = accounts->count < LEDGER_MOST ||
                         hash_get(&accounts->by_key, key_of(path, type_name).text) != NULL;

    return has_own ? find_or_open(accounts, path, type_name, type)
                   : find_or_open(accounts, "*", type->name, type);
}

struct account_box *account_box_of(struct account *account, const char *name, bool is_inbox)
{
    struct account_box *box;

    for (size_t i = 0; i < account->box_count; i++) {
        if (account->boxes[i]->is_inbox == is_inbox && strcmp(account->boxes[i]->name, name) == 0) {
            return account->boxes[i];
        }
    }
    box = mem_alloc(sizeof(*box));
    box->name = mem_strdup(name);
    box->is_inbox = is_inbox;
    account->boxes =
        mem_resize_array(account->boxes, account->box_count + 1, sizeof(*account->boxes));
    account->boxes[account->box_count++] = box;
    return box;
}

struct wait_times *account_box_waits(struct account_box *box)
{
    if (box->waits == NULL) {
        box->waits = mem_alloc(sizeof(*box->waits));
    }
    return box->waits;
}

static void waits_add(struct account_box *box, const struct wait_times *waits)
{
    struct wait_times *sum = account_box_waits(box);

    for (int i = 0; i < WAIT_CLASSES; i++) {
        sum->counts[i] += waits->counts[i];
    }
    sum->sum += waits->sum;
}

static void add_account(struct accounts *sum, const struct account *account)
{
    struct account *to = accounts_find(sum, account->path, account->type_name, account->type);

    to->is_gone = false;
    for (int i = 0; i < ACCOUNT_NUMBERS; i++) {
        to->numbers[i].value += account->numbers[i].value;
    }
    for (size_t i = 0; i < count_statistics(account->type) && to->type == account->type; i++) {
        to->statistics[i].value += account->statistics[i].value;
    }
    for (size_t i = 0; i < account->box_count; i++) {
        const struct account_box *box = account->boxes[i];
        struct account_box *to_box = account_box_of(to, box->name, box->is_inbox);

        to_box->is_told |= box->is_told;
        for (int n = 0; n < BOX_NUMBERS; n++) {
            to_box->numbers[n].value += box->numbers[n].value;
        }
        if (box->waits != NULL) {
            waits_add(to_box, box->waits);
        }
    }
}

void accounts_add(struct accounts *sum, const struct accounts *more)
{
    const struct list *at;

    list_for_each (at, &more->all) {
        add_account(sum, container_of((struct list *)(uintptr_t)at, struct account, link));
    }
    for (int i = 0; i < LOOP_NUMBERS; i++) {
        sum->loop[i] += more->loop[i];
    }
}

static void clear(struct tally *tally)
{
    tally->value = 0;
}

void accounts_begin_sum(struct accounts *sum)
{
    struct list *at;

    accounts_for_each_tally(sum, clear);
    memset(sum->loop, 0, sizeof(sum->loop));
    list_for_each (at, &sum->all) {
        struct account *account = container_of(at, struct account, link);

        account->is_gone = true;
        for (size_t i = 0; i < account->box_count; i++) {
            account->boxes[i]->is_told = false;
            if (account->boxes[i]->waits != NULL) {
                *account->boxes[i]->waits = (struct wait_times){0};
            }
        }
    }
}

static void remove_gone(struct accounts *accounts)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &accounts->all) {
        struct account *account = container_of(at, struct account, link);

        if (account->is_gone) {
            account_remove(accounts, account);
        }
    }
}

void accounts_end_sum(struct accounts *sum)
{
    remove_gone(sum);
}

void accounts_for_each_tally(struct accounts *accounts, tally_fn apply)
{
    struct list *at;

    list_for_each (at, &accounts->all) {
        struct account *account = container_of(at, struct account, link);

        for (int i = 0; i < ACCOUNT_NUMBERS; i++) {
            apply(&account->numbers[i]);
        }
        for (size_t i = 0; i < count_statistics(account->type); i++) {
            apply(&account->statistics[i]);
        }
        for (size_t i = 0; i < account->box_count; i++) {
            for (int n = 0; n < BOX_NUMBERS; n++) {
                apply(&account->boxes[i]->numbers[n]);
            }
        }
    }
}

/* Closes accounts of definitions that are no more: of components that are on no sheet, and that
 * nobody is left to make again.  Who makes others mostly stands before them in the list. */
void accounts_sweep(struct accounts *accounts)
{
    struct list *at;

    list_for_each (at, &accounts->all) {
        struct account *account = container_of(at, struct account, link);

        account->is_gone =
            account->refs == 0 && (account->parent == NULL || account->parent->is_gone);
    }
    list_for_each (at, &accounts->all) {
        struct account *account = container_of(at, struct account, link);

        if (account->parent != NULL && account->parent->is_gone) {
            account->parent = NULL; /* if it is still here, the next sweep may take it */
        }
    }
    remove_gone(accounts);
}
