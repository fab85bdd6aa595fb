# shellcheck shell=bash
# bash completion for axond and axonctl, which say themselves what may follow (daemon/complete.h).

_axond() {
    local line=${COMP_LINE:0:COMP_POINT} words typed settled candidate
    read -r -a words <<<"${line#*"${COMP_WORDS[0]}"}"
    [[ $line == *[[:space:]] ]] && words+=("")
    typed=${words[${#words[@]} - 1]}
    settled=${typed%"${typed##*[=:]}"} # readline takes what follows = or : for a word
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate == :files ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "${typed#"$settled"}")
            continue
        fi
        candidate=${candidate%%$'\t'*}
        [[ $candidate == *[=./] ]] && compopt -o nospace
        COMPREPLY+=("${candidate#"$settled"}")
    done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "${words[@]}" 2>/dev/null)
}

complete -F _axond axond axonctl
