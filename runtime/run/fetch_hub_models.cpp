// Models of the hub come before a run begins.
#include "runtime/run/fetch_hub_models.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch_hub.hpp"
#include "gpu/model/hub_name.hpp"
#include "runtime/run/fetch_display.hpp"

namespace avp {

void fetch_hub_models(const std::vector<device_config>& configs) {
  for (const auto& config : configs)
    for (const auto& model : config.models) {
      if (!is_hub_name(model.source) || hub_model_is_here(model_folder(), model.source))
        continue;
      fetch_display display(isatty(STDERR_FILENO) != 0);
      const auto observer = spdlog::should_log(spdlog::level::info) ? display.observer() : fetch_observer();
      fetch_hub_model(model.source, model_folder(), observer);
    }
}

} // namespace avp
