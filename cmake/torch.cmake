# Finds libtorch and keeps its headers last: the wheel carries an fmt of its own, which would shadow the one that spdlog needs.

find_package(Protobuf REQUIRED) # before Torch, whose CMake files otherwise define an empty protobuf::libprotobuf
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED) # at::parallel_for is a template: without -fopenmp it runs on one thread and says nothing

set(AVP_TORCH_INCLUDES ${TORCH_INCLUDE_DIRS})
foreach(target torch torch_cpu torch_cuda c10 c10_cuda torch_library)
  if(TARGET ${target})
    set_property(TARGET ${target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "")
  endif()
endforeach()

function(avp_use_torch target)
  target_link_libraries(${target} PRIVATE ${TORCH_LIBRARIES})
  # By its flag: OpenMP::OpenMP_CXX names libgomp by its path, which CMake sees at odds with the libgomp that the wheel carries.
  target_compile_options(${target} PRIVATE ${OpenMP_CXX_FLAGS})
  target_link_options(${target} PRIVATE ${OpenMP_CXX_FLAGS})
  # CMake keeps link folders inside the source tree (.venv) out of installed run paths.
  set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH ${TORCH_INSTALL_PREFIX}/lib)
  foreach(folder ${AVP_TORCH_INCLUDES})
    target_compile_options(${target} PRIVATE "SHELL:-idirafter ${folder}")
  endforeach()
endfunction()

# Half of the time of a source that includes ATen goes into reading it.
function(avp_precompile_torch target)
  avp_precompile(${target} <ATen/ATen.h>)
endfunction()
