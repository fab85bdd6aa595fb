#include "graph/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/blueprint.h"
#include "graph/component.h"
#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/held.h"
#include "graph/inspect.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/supervise.h"

/* Where the components of a plan are booked, by the plan's index; there is one for each root graph,
 * and for each blueprint. */
struct sheet {
    struct list link; /* of a root graph: in the ledger's; else in none */
    const struct graph *root;
    size_t count;
    struct account *accounts[]; /* NULL: not wanted yet */
};

struct ledger {
    struct loop *loop;
    struct accounts accounts;
    struct list sheets; /* of root graphs */
    struct walk walk;
    uint16_t round; /* of gathering, never 0: graphs note the one that has seen them */
    bool is_gathering;
    const struct graph *root; /* the root graph that is being walked through, ... */
    size_t root_index;        /* ... up to here */
};

/* ---- sheets ---- */

static struct account *account_of(struct ledger *ledger, const struct component *component);

/* The path, with a star for the number of a connection; *parent is the account of who made it. */
static void definition_path(struct ledger *ledger, const struct graph *graph, const char *path,
                            char *text, size_t size, struct account **parent)
{
    *parent = NULL;
    if (graph->holder == NULL) {
        (void)snprintf(text, size, "%s", path);
        return;
    }
    *parent = account_of(ledger, graph->holder);
    (void)snprintf(text, size, "%s/%s%s%s", (*parent)->path,
                   graph->number != 0 ? "*" : graph->plan->name, path[0] != '\0' ? "/" : "", path);
}

static struct account *open_account(struct ledger *ledger, const struct graph *graph,
                                    const struct plan_component *plan)
{
    const char *type_name = plan->type_name != NULL ? plan->type_name : plan->type->name;
    char path[PATH_SIZE];
    struct account *parent;
    struct account *account;

    definition_path(ledger, graph, plan->path, path, sizeof(path), &parent);
    account = accounts_find(&ledger->accounts, path, type_name, plan->type);
    if (account != parent) {
        account->parent = parent;
    }
    account->refs++;
    return account;
}

static bool carries_data(const struct box_spec *spec)
{
    return spec->service == NULL &&
           (spec->carries == BYTES || spec->carries == LINES || spec->carries == ANYTHING);
}

static struct sheet *sheet_create(const struct graph *graph)
{
    const size_t count = graph_size(graph);
    struct sheet *sheet = mem_alloc(sizeof(*sheet) + count * sizeof(struct account *));

    sheet->count = count;
    list_init(&sheet->link);
    return sheet;
}

static void sheet_free(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        if (sheet->accounts[i] != NULL) {
            sheet->accounts[i]->refs--;
        }
    }
    list_remove(&sheet->link);
    free(sheet);
}

static struct sheet *sheet_of_root(struct ledger *ledger, const struct graph *root)
{
    struct sheet *sheet;
    struct list *at;

    list_for_each (at, &ledger->sheets) {
        sheet = container_of(at, struct sheet, link);
        if (sheet->root == root) {
            return sheet;
        }
    }
    sheet = sheet_create(root);
    sheet->root = root;
    list_append(&ledger->sheets, &sheet->link);
    return sheet;
}

static struct sheet *sheet_of(struct ledger *ledger, const struct graph *graph)
{
    struct blueprint *blueprint = (struct blueprint *)(uintptr_t)graph->blueprint;

    if (blueprint == NULL) {
        return sheet_of_root(ledger, graph);
    }
    if (blueprint->sheet == NULL) {
        blueprint->sheet = sheet_create(graph);
    }
    return blueprint->sheet;
}

/* Opened when it is first wanted: those of 100,000 components are not opened at once. */
static struct account *account_of(struct ledger *ledger, const struct component *component)
{
    const struct plan_component *plan = component->plan;
    struct sheet *sheet;

    if (component->is_leaving) { /* another may have its place */
        struct account *account = open_account(ledger, component->graph, plan);

        account->refs--;
        return account;
    }
    sheet = sheet_of(ledger, component->graph);
    if (sheet->accounts[plan->index] == NULL) {
        sheet->accounts[plan->index] = open_account(ledger, component->graph, plan);
    }
    return sheet->accounts[plan->index];
}

void ledger_forget(struct ledger *ledger, const struct graph *root)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &ledger->sheets) {
        struct sheet *sheet = container_of(at, struct sheet, link);

        if (sheet->root == root) {
            sheet_free(sheet);
        }
    }
}

void ledger_drop_sheet(struct ledger *ledger, struct sheet *sheet)
{
    if (ledger != NULL && sheet != NULL) {
        sheet_free(sheet);
    }
}

/* ---- booking ---- */

/* True if the gathering that goes on has come by a component already. */
static bool was_seen(const struct ledger *ledger, const struct component *component)
{
    return ledger->is_gathering && component->graph->seen == ledger->round &&
           (component->graph != ledger->root || graph_place(component) < ledger->root_index);
}

/* What is counted of a component as of now, and is it seen, or its end? */
struct booking {
    bool is_end;
    bool is_late; /* an end: the gathering that goes on has it already */
};

static void book(struct tally *tally, const struct booking *booking, bool is_gauge, uint64_t value)
{
    if (!booking->is_end) {
        tally->seen += value;
    } else if (!is_gauge && booking->is_late) {
        tally->late += value;
    } else if (!is_gauge) {
        tally->ended += value;
    }
}

static void book_box(struct account_box *to, const struct booking *booking,
                     const uint64_t values[BOX_NUMBERS])
{
    for (int i = 0; i < BOX_NUMBERS; i++) {
        book(&to->numbers[i], booking, i < BOX_MESSAGES, values[i]);
        to->is_told |= values[i] > 0;
    }
}

static void book_inbox(struct account_box *to, const struct booking *booking,
                       const struct inbox *in)
{
    uint64_t values[BOX_NUMBERS] = {[BOX_DROPPED] = in->box.dropped};

    if ((in->box.flags & BOX_PASSES) != 0) {
        return; /* what it has for messages is counted where they end up */
    }
    if (booking->is_end) {
        values[BOX_DROPPED] += in->box.queued; /* nobody takes them any more */
    } else {
        values[BOX_QUEUED] = in->box.queued;
        values[BOX_QUEUED_BYTES] = in->box.queued_cost - (uint64_t)in->box.queued * MESSAGE_COST;
    }
    to->is_told |= !booking->is_end && inbox_is_fed(in);
    if ((in->box.flags & BOX_TIMED) != 0) {
        (void)account_box_waits(to);
    }
    book_box(to, booking, values);
}

static void book_outbox(struct account_box *to, const struct booking *booking,
                        const struct outbox *out)
{
    uint64_t values[BOX_NUMBERS] = {[BOX_DROPPED] = out->box.dropped};

    if ((out->box.flags & BOX_PASSES) != 0) {
        return; /* it is the sender's outbox that counts */
    }
    values[BOX_MESSAGES] = out->messages;
    values[BOX_BYTES] = out->bytes;
    values[BOX_BLOCKED] = (uint64_t)(outbox_waited(out) * 1000);
    to->is_told |= !booking->is_end && out->sink != NULL;
    book_box(to, booking, values);
}

static void book_statistics(struct account *account, const struct booking *booking,
                            const struct component *component)
{
    const struct stat_spec *specs = component->type->statistics;

    for (size_t i = 0; specs != NULL && specs[i].name != NULL; i++) {
        book(&account->statistics[i], booking, specs[i].is_gauge,
             component_statistic_at(component, &specs[i]));
    }
}

/* has_state: its statistics are not booked yet, as they are while it waits to be restarted. */
static void book_component(struct ledger *ledger, const struct booking *booking,
                           const struct component *component, bool has_state)
{
    const struct plan_component *plan = component->plan;
    struct account *account = account_of(ledger, component);

    for (unsigned i = 0; i < plan->inboxes; i++) {
        const struct inbox *in =
            carries_data(plan->in[i].spec) ? component_have_inbox(component, i) : NULL;

        if (in != NULL) {
            book_inbox(account_box_of(account, plan->in[i].spec->name, true), booking, in);
        }
    }
    for (unsigned i = 0; i < plan->outboxes; i++) {
        const struct outbox *out =
            carries_data(plan->out[i].spec) ? component_have_outbox(component, i) : NULL;

        if (out != NULL) {
            book_outbox(account_box_of(account, plan->out[i].spec->name, false), booking, out);
        }
    }
    if (has_state) {
        book_statistics(account, booking, component);
    }
    book(&account->numbers[ACCOUNT_RUNNING], booking, true, component->state == RUNNING);
    book(&account->numbers[ACCOUNT_DISCARDED], booking, false, component->discarded);
}

/* What outlives a component's end, and is there until its graph is over: a child of a chassis may
 * be made again in the same place. */
static void book_life(struct ledger *ledger, const struct booking *booking,
                      const struct component *component)
{
    double longest;

    if (component->extra != NULL) {
        struct tally *numbers = account_of(ledger, component)->numbers;

        book(&numbers[ACCOUNT_RESTARTS], booking, false, component_restarts(component));
        book(&numbers[ACCOUNT_HELD], booking, false, component_held(component, &longest));
        book(&numbers[ACCOUNT_FAILED], booking, true, component->state == FAILED);
    }
}

static bool is_counted(const struct graph *graph)
{
    return !graph_root((struct graph *)(uintptr_t)graph)->is_service;
}

void ledger_close(struct ledger *ledger, struct component *component, bool has_state)
{
    const struct booking booking = {.is_end = true, .is_late = was_seen(ledger, component)};

    if (is_counted(component->graph)) {
        book_component(ledger, &booking, component, has_state);
    }
}

void ledger_close_life(struct ledger *ledger, const struct component *component)
{
    const struct booking booking = {.is_end = true, .is_late = was_seen(ledger, component)};

    if (is_counted(component->graph)) {
        book_life(ledger, &booking, component);
    }
}

void ledger_close_graph(struct ledger *ledger, const struct graph *graph)
{
    if (!is_counted(graph)) {
        return;
    }
    for (size_t i = 0; i < graph_size(graph); i++) {
        const struct component *component = graph_component(graph, i);

        if (component != NULL) {
            ledger_close_life(ledger, component);
        }
    }
}

void ledger_close_state(struct ledger *ledger, struct component *component)
{
    const struct booking booking = {.is_end = true, .is_late = was_seen(ledger, component)};

    if (is_counted(component->graph)) {
        book_statistics(account_of(ledger, component), &booking, component);
    }
}

void ledger_note_wait(struct ledger *ledger, const struct inbox *in, double seconds)
{
    struct account_box *box =
        account_box_of(account_of(ledger, box_owner(&in->box)), box_name(&in->box), true);
    struct wait_times *waits = account_box_waits(box);
    int i = 0;

    while (i < WAIT_CLASSES - 1 && seconds > wait_limits[i]) {
        i++;
    }
    waits->counts[i]++;
    waits->sum += seconds;
}

/* ---- gathering ---- */

static void note_loop(struct ledger *ledger)
{
    const struct loop *loop = ledger->loop;
    uint64_t *numbers = ledger->accounts.loop;

    if (loop->worker == 0) { /* these are of all workers together */
        numbers[LOOP_CONNECTIONS] = loop->connections->places.taken;
        numbers[LOOP_ACCEPTED] = loop->connections->in_all;
        numbers[LOOP_REFUSED] = loop->connections->refused;
    }
    numbers[LOOP_MESSAGES] = loop->pool.messages;
    numbers[LOOP_BYTES] = loop->pool.bytes;
    numbers[LOOP_MEMORY] = loop->pool.memory;
    numbers[LOOP_TURNS] = loop->turns;
    numbers[LOOP_HELD] = loop->held.times;
    numbers[LOOP_HELD_BACK] = loop->held_back;
}

static void tally_begin(struct tally *tally)
{
    tally->seen = 0;
}

static void tally_end(struct tally *tally)
{
    tally->value = tally->ended + tally->seen;
    tally->ended += tally->late;
    tally->late = 0;
}

void ledger_begin(struct ledger *ledger)
{
    accounts_for_each_tally(&ledger->accounts, tally_begin);
    ledger->round = (uint16_t)(ledger->round + 1 == UINT16_MAX ? 1 : ledger->round + 1);
    ledger->root = NULL;
    ledger->is_gathering = true;
    walk_begin_here(&ledger->walk, ledger->loop);
}

static void see(struct ledger *ledger, const struct component *component)
{
    const struct booking booking = {0};

    book_life(ledger, &booking, component);
    if (component->state != CREATED && !component_is_over(component)) {
        book_component(ledger, &booking, component, component->state != RESTARTING);
    } else {
        (void)account_of(ledger, component); /* it was booked at its end; the account stays */
    }
}

/* The components of a root graph are seen one by one; those of a connection all at once, so that
 * its end comes before or after. */
static void come_by(struct ledger *ledger, struct component *component)
{
    struct graph *graph = component->graph;

    if (graph->holder == NULL) {
        graph->seen = ledger->round;
        ledger->root = graph;
        ledger->root_index = graph_place(component) + 1;
        see(ledger, component);
    } else if (graph->seen != ledger->round) {
        graph->seen = ledger->round;
        for (size_t i = 0; i < graph_size(graph); i++) {
            see(ledger, graph_component(graph, i));
        }
    }
}

bool ledger_go_on(struct ledger *ledger, unsigned components)
{
    for (; components > 0; components--) {
        struct component *component = walk_next(&ledger->walk);

        if (component == NULL) {
            accounts_sweep(&ledger->accounts); /* now that all that is there has its account */
            accounts_for_each_tally(&ledger->accounts, tally_end);
            note_loop(ledger);
            ledger->is_gathering = false;
            return true;
        }
        come_by(ledger, component);
    }
    return false;
}

void ledger_gather(struct ledger *ledger)
{
    ledger_begin(ledger);
    while (!ledger_go_on(ledger, UINT32_MAX)) {
    }
}

void ledger_stop(struct ledger *ledger)
{
    walk_end(&ledger->walk);
    ledger->is_gathering = false;
}

const struct accounts *ledger_accounts(const struct ledger *ledger)
{
    return &ledger->accounts;
}

struct ledger *ledger_of(struct loop *loop)
{
    if (loop->ledger == NULL) {
        struct ledger *ledger = mem_alloc(sizeof(*ledger));

        ledger->loop = loop;
        accounts_init(&ledger->accounts);
        list_init(&ledger->sheets);
        loop->ledger = ledger;
    }
    return loop->ledger;
}

void ledger_destroy(struct ledger *ledger)
{
    struct list *at;
    struct list *after;

    if (ledger == NULL) {
        return;
    }
    list_for_each_safe (at, after, &ledger->sheets) {
        sheet_free(container_of(at, struct sheet, link));
    }
    accounts_deinit(&ledger->accounts);
    free(ledger);
}
