#include "graph/readiness.h"

#include "graph/component.h"
#include "graph/loop.h"

static void tell(struct component *component, unsigned bits)
{
    component->ready = (uint16_t)(component->ready | bits);
    loop_wake_told(component_loop(component), component);
}

static void on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
    const struct readiness *readiness = container_of(io, struct readiness, io);
    unsigned bits = 0;

    if ((revents & (EV_READ | EV_ERROR)) != 0) {
        bits |= 1U << readiness->reader;
    }
    if ((revents & (EV_WRITE | EV_ERROR)) != 0) {
        bits |= 1U << readiness->writer;
    }
    tell(io->data, bits);
}

void readiness_ask(struct readiness *readiness, unsigned outbox, enum message_kind kind)
{
    struct component *component = readiness->io.data;
    struct message *msg = message_notice(component_pool(component), kind, NULL, 0);

    msg->readiness = readiness;
    outbox_send(component, outbox, msg);
}

void readiness_tell_writer(const struct readiness *readiness)
{
    tell(readiness->io.data, 1U << readiness->writer);
}

void readiness_init(struct readiness *readiness, struct component *component, int fd,
                    unsigned reader, unsigned writer)
{
    ev_io_init(&readiness->io, on_ready, fd, 0);
    readiness->io.data = component;
    readiness->reader = (uint8_t)reader;
    readiness->writer = (uint8_t)writer;
}
