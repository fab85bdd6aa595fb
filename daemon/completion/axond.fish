# fish completion for axond and axonctl, which say themselves what may follow (daemon/complete.h).

function __axond_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for candidate in (command $words[1] --complete $words[2..-1] "$typed" 2>/dev/null)
        if test "$candidate" = :files
            __fish_complete_path "$typed"
        else
            echo $candidate
        end
    end
end

complete -c (basename (status filename) .fish) -f -a '(__axond_complete)'
