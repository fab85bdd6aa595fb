#include "components/protocol/line_splitter.h"

#include <string.h>

#include "components/util/text.h"

/* The line without its end; the message is given up. */
static struct message *strip(struct pool *pool, struct message *line)
{
    struct message *stripped = message_slice(pool, line, 0, text_line_size(line));

    message_release(line);
    return stripped;
}

/* The line that ends with the first "size" bytes, and what was kept of it before. */
static struct message *take_line(struct line_splitter *splitter, struct pool *pool,
                                 const struct message *from, size_t size)
{
    struct message *line = splitter->begun.size > 0
                               ? gathering_take(&splitter->begun, pool, from->data, size)
                               : message_slice(pool, from, 0, size);

    return splitter->strip_newline ? strip(pool, line) : line;
}

struct message *line_splitter_take(struct line_splitter *splitter, struct pool *pool,
                                   const struct message *from, size_t *size)
{
    const unsigned char *newline = memchr(from->data, '\n', message_size(from));
    const size_t length = newline != NULL ? (size_t)(newline - from->data) : message_size(from);

    *size = newline != NULL ? length + 1 : length;
    if (splitter->is_overlong && splitter->begun.size > 0) {
        *size = 0;
        return line_splitter_take_rest(splitter, pool); /* what was kept is the first piece */
    }
    if (splitter->is_overlong) {
        splitter->is_overlong = newline == NULL;
        return message_slice(pool, from, 0, *size);
    }
    if (length + splitter->begun.size > splitter->max_line) {
        splitter->is_overlong = true;
        splitter->overlong_lines++;
        *size = 0;
        return NULL;
    }
    if (newline != NULL) {
        return take_line(splitter, pool, from, *size);
    }
    gathering_add(&splitter->begun, from->data, message_size(from));
    return NULL;
}

struct message *line_splitter_take_rest(struct line_splitter *splitter, struct pool *pool)
{
    return gathering_take(&splitter->begun, pool, NULL, 0);
}

void line_splitter_deinit(struct line_splitter *splitter)
{
    gathering_deinit(&splitter->begun);
}
