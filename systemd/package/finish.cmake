# What is done by cpack to the installed files before they are packed.

set(root ${CPACK_TEMPORARY_DIRECTORY})
set(documents ${root}/usr/share/doc/axond)
if(NOT EXISTS ${root}/usr/bin/axond)
    message(FATAL_ERROR "a Debian package is for /usr: configure with CMAKE_INSTALL_PREFIX=/usr")
endif()

# All files get the time of the changelog's newest entry, so that the same build makes the same package.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND dpkg-parsechangelog -l ${CPACK_AXOND_BINARY}/changelog -S Timestamp
        OUTPUT_VARIABLE timestamp OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(ENV{SOURCE_DATE_EPOCH} ${timestamp})
endif()

# As dh_strip does.  For gdb the same programs with symbols are in the build's folder.
file(GLOB programs ${root}/usr/bin/*)
execute_process(COMMAND strip --remove-section=.comment --remove-section=.note ${programs}
    COMMAND_ERROR_IS_FATAL ANY)

# Writes a file compressed, the same on each day.
function(compress FROM TO)
    execute_process(COMMAND gzip -9n INPUT_FILE ${FROM} OUTPUT_FILE ${TO} COMMAND_ERROR_IS_FATAL ANY)
    file(CHMOD ${TO} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

compress(${CPACK_AXOND_BINARY}/changelog ${documents}/changelog.Debian.gz)
function(put FROM TO)
    configure_file(${CPACK_AXOND_SOURCE}/${FROM} ${TO}
        COPYONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()
put(copyright ${documents}/copyright)
put(lintian-overrides ${root}/usr/share/lintian/overrides/axond)
file(REMOVE ${documents}/LICENSE) # Debian has it in /usr/share/common-licenses

file(GLOB_RECURSE pages ${root}/usr/share/man/*.[1-9])
foreach(page ${pages})
    compress(${page} ${page}.gz)
    file(REMOVE ${page})
endforeach()

# All in /etc belongs to the administrator: kept when it was changed, and until the package is purged.
file(GLOB_RECURSE conffiles RELATIVE ${root} ${root}/etc/*)
list(TRANSFORM conffiles PREPEND /)
list(TRANSFORM conffiles APPEND "\n")
list(JOIN conffiles "" conffiles)
file(WRITE ${CPACK_AXOND_BINARY}/control/conffiles "${conffiles}")
