#include "daemon/man_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "graph/mem.h"
#include "graph/utf8.h"

enum { WIDTH = 72 }; /* columns, about: mandoc wants no more than 80 */

static bool ends_sentence(const char *word, size_t size)
{
    while (size > 1 && strchr(")\"'", word[size - 1]) != NULL) {
        size--;
    }
    return strchr(".!?", word[size - 1]) != NULL;
}

/* Returns how wide it is. */
static size_t write_word(FILE *page, const char *word, size_t size, bool begins_line)
{
    size_t width = 0;

    if (begins_line && strchr(".'", word[0]) != NULL) {
        width += (size_t)fprintf(page, "\\&");
    }
    for (size_t i = 0; i < size;) {
        const bool is_dash =
            word[i] == '-' &&
            ((i + 1 < size && strchr("->", word[i + 1]) != NULL) || (i > 0 && word[i - 1] == '-'));
        uint32_t character;
        const size_t bytes = utf8_decode(word + i, size - i, &character);

        REQUIRE(bytes > 0); /* the tables are ours */
        if (bytes > 1) {
            width += (size_t)fprintf(page, "\\[u%04X]", character);
        } else if (word[i] == '\\') {
            width += (size_t)fprintf(page, "\\e");
        } else {
            width += (size_t)fprintf(page, "%s%c", is_dash ? "\\" : "", word[i]);
        }
        i += bytes;
    }
    return width;
}

static void write_words(FILE *page, const char *text)
{
    size_t column = 0;
    bool is_end = true;

    while (*(text += strspn(text, " \n")) != '\0') {
        const size_t size = strcspn(text, " \n");

        if (column > 0) {
            const bool begins = is_end || column + size >= WIDTH;

            (void)fputc(begins ? '\n' : ' ', page);
            column = begins ? 0 : column + 1;
        }
        column += write_word(page, text, size, column == 0);
        is_end = ends_sentence(text, size);
        text += size;
    }
    (void)fprintf(page, "%s\n", is_end ? "" : ".");
}

void man_text(FILE *page, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    REQUIRE(vasprintf(&text, format, arguments) != -1);
    va_end(arguments);
    write_words(page, text);
    free(text);
}
