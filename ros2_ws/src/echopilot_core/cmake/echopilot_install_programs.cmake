# Installs scripts/* of a package as its programs, with the Python that builds them in their first line: the libraries
# are there, and a new shell, or ros2 launch in one, need not have activated an environment.
function(echopilot_install_programs)
  file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/scripts/*)
  foreach(program IN LISTS programs)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${program})
    get_filename_component(name ${program} NAME)
    file(READ ${program} text)
    string(REPLACE "#!/usr/bin/env python3" "#!${Python3_EXECUTABLE}" text "${text}")
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/texts/${name} "${text}")
    file(
      COPY ${CMAKE_CURRENT_BINARY_DIR}/texts/${name}
      DESTINATION ${CMAKE_CURRENT_BINARY_DIR}/programs
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE
    )  # a link of --symlink-install has the permissions of what it names
    install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/programs/${name} DESTINATION lib/${PROJECT_NAME})
  endforeach()
endfunction()
