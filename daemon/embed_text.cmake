# Writes OUTPUT, a C file that defines NAME as the text of INPUT.
#     cmake -DINPUT=io.axond.varlink -DOUTPUT=io_axond.c -DNAME=io_axond_description -DHEADER=daemon/io_axond.h -P embed_text.cmake

file(READ ${INPUT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
get_filename_component(file ${INPUT} NAME)
file(WRITE ${OUTPUT}
"/* Generated from ${file}. */
#include \"${HEADER}\"

const char ${NAME}[] =
    \"${text}\";
")
