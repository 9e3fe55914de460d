# Which headers are installed: those below, and all that they include. Everything else is the rooms' own business.
# Runs when a room is installed, with SOURCE, ROOM, ROOMS and DESTINATION set.
cmake_policy(VERSION 3.25)

set(public_transport
    error kv memory_body message metadata payload split tcp_address zstd_body
    handshake/hash handshake/hello handshake/model_identity handshake/resolution handshake/session handshake/weights_digest
    http/http_client http/http_server
    link/curve_keys link/message_memory link/payload_receiver link/payload_sender
    web/web_server)
set(public_gpu context device_actor device_config device_error device_observer recipe request result spin_limit
               model/model_error user_error)
set(public_agents agent registry) # what a plugin sees
set(public_runtime run_main loaded_pipeline) # what a program of one's own sees: another avp-run, or one that asks pipelines

set(headers "")
foreach(room ${ROOMS})
  list(TRANSFORM public_${room} REPLACE "(.+)" "${room}/\\1.hpp" OUTPUT_VARIABLE todo)
  while(todo)
    list(POP_FRONT todo header)
    if(NOT header IN_LIST headers)
      list(APPEND headers ${header})
      file(STRINGS ${SOURCE}/${header} includes REGEX "^#include \"")
      list(TRANSFORM includes REPLACE "#include \"(.*)\".*" "\\1")
      list(APPEND todo ${includes})
    endif()
  endwhile()
endforeach()

list(FILTER headers INCLUDE REGEX "^${ROOM}/")
foreach(header ${headers})
  get_filename_component(folder ${header} DIRECTORY)
  file(INSTALL ${SOURCE}/${header} DESTINATION ${DESTINATION}/${folder})
endforeach()
