#include "components/util/text.h"

#include <string.h>

void text_send(struct component *self, unsigned outbox, const char *text)
{
    outbox_send(self, outbox, message_copy(component_pool(self), text, strlen(text)));
}

size_t text_line_size(const struct message *msg)
{
    size_t size = message_size(msg);

    if (size > 0 && msg->data[size - 1] == '\n') {
        size--;
        if (size > 0 && msg->data[size - 1] == '\r') {
            size--;
        }
    }
    return size;
}

bool text_says(const struct message *msg, const char *text)
{
    const size_t size = text_line_size(msg);

    return size == strlen(text) && (size == 0 || memcmp(msg->data, text, size) == 0);
}

bool text_copy(const struct message *msg, char *text, size_t size)
{
    const size_t used = text_line_size(msg);

    if (used >= size) {
        return false;
    }
    if (used > 0) {
        memcpy(text, msg->data, used);
    }
    text[used] = '\0';
    return true;
}

bool text_number(const struct message *msg, int64_t *number)
{
    const size_t size = text_line_size(msg);
    const bool is_negative = size > 0 && msg->data[0] == '-';
    int64_t value = 0;
    size_t at = is_negative ? 1 : 0;
    const size_t first = at;

    for (; at < size && msg->data[at] != ' '; at++) {
        const int digit = msg->data[at] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value)) {
            return false;
        }
    }
    *number = value;
    return at > first;
}

struct text_shown text_shown(const struct message *msg)
{
    struct text_shown shown;
    const size_t most = sizeof(shown.text) - 1;
    const size_t size = text_line_size(msg);
    size_t at = 0;

    for (; at < size && at < most; at++) {
        const bool is_plain = msg->data[at] >= ' ' && msg->data[at] <= '~';

        shown.text[at] = (char)(is_plain ? msg->data[at] : '?');
    }
    shown.text[at] = '\0';
    if (size > most) {
        memcpy(shown.text + most - 3, "...", 3);
    }
    return shown;
}
