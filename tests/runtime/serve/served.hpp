// A server of the API for tests: real sockets, a tiny model, and agents that need none.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "agents/agent.hpp"
#include "runtime/serve/api_service.hpp"
#include "runtime/serve/conversation_agent.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/temporary_folder.hpp"
#include "tests/transport/web/raw_socket.hpp"

namespace avp::test {

/// Gives its prompt back.
class echo_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override { co_return output{hop.messages().back().content.text(), {}}; }
};

/// Never comes to an end by itself.
class endless_agent : public agent {
public:
  static inline std::atomic<int> begun = 0;

  eventually<output> run(avp::hop&) override {
    ++begun;
    co_await std::suspend_always{};
    co_return output{"never", {}};
  }
};

/// Waits for whoever has the key, and answers.
class patient_agent : public agent {
public:
  static inline std::atomic<bool> may_go = false;

  eventually<output> run(avp::hop&) override {
    while (!may_go)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    co_return output{"at last", {}};
  }
};

/// Fails.
class failing_agent : public agent {
public:
  static inline std::atomic<int> runs = 0;

  eventually<output> run(avp::hop&) override {
    ++runs;
    throw std::runtime_error("it can't");
    co_return output{};
  }
};

/// Pipelines of one agent each, by the kind that its only agent has.
inline std::string pipeline_of(const std::string& kind, const std::string& prompt = "{{q}}") {
  return "name = \"" + kind + "\"\nflow = [\"a\"]\n[agent.a]\nkind = \"" + kind + "\"\nprompt = \"" + prompt +
         "\"\n[input]\nask = \"q\"\n";
}

/// Two agents on the tiny model, which lies beside the file.
inline constexpr auto tiny_chain = R"(
name = "chain"
flow = ["thinker -> judge"]
seed = 3
[model.main]
source = "tiny.gguf"
dtype = "float32"
[device.cpu]
threads = 1
kv_memory = "64MiB"
[defaults]
steps = 3
max_new_tokens = 12
temperature = 1.0
[agent.thinker]
kind = "think"
prompt = "Think: {{q}}"
[agent.judge]
kind = "generate"
prompt = "Answer: {{q}}"
text_prompt = "Answer: {{q}} {{thinker}}"
)";

class served_test : public testing::Test {
protected:
  using json = nlohmann::ordered_json;

  temporary_folder folder_;
  registry kinds_;
  std::unique_ptr<api_service> service_;

  served_test() {
    auto gguf = runnable_gguf();
    gguf.u32("qwen2.context_length", 4096);
    gguf.text("tokenizer.chat_template",
              "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
              "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
    // The end of turn is never the best token, so that answers at temperature 0 are as long as they may be.
    auto& embeddings = gguf.tensors["token_embd.weight"].data;
    constexpr std::size_t row = tiny_hidden * sizeof(float), end_of_turn = 257;
    embeddings.replace(end_of_turn * row, row, row, '\0');
    folder_.write("tiny.gguf", gguf.bytes());
    kinds_.add<conversation_agent>(conversation_kind);
    kinds_.add<echo_agent>("echo");
    kinds_.add<endless_agent>("endless");
    kinds_.add<patient_agent>("patient");
    kinds_.add<failing_agent>("failing");
    spdlog::set_level(spdlog::level::err); // each request has a line
  }

  ~served_test() override { spdlog::set_level(spdlog::level::info); }

  std::filesystem::path file(const std::string& text) {
    return folder_.write("p" + std::to_string(files_++) + ".toml", text);
  }

  std::vector<served_pipeline> pipelines(const std::vector<std::string>& texts) {
    std::vector<served_pipeline> all;
    for (const auto& text : texts)
      all.push_back(read_served_pipeline(file(text), kinds_));
    share_models(all);
    return all;
  }

  void serve(const std::vector<std::string>& texts, api_options options = {}, const queue_limits& limits = {},
             const std::function<void(const tcp_address&)>& on_listening = {}) {
    service_ = std::make_unique<api_service>(pipelines(texts), kinds_, std::move(options), limits, on_listening);
  }

  [[nodiscard]] int port() const { return service_->address().port; }

  [[nodiscard]] httplib::Client client() const {
    httplib::Client made("127.0.0.1", port());
    made.set_read_timeout(30);
    return made;
  }

  static json question(const std::string& text, const json& more = json::object()) {
    json body = {{"messages", json::array({{{"role", "user"}, {"content", text}}})}};
    body.update(more);
    return body;
  }

  /// The answer to a request, whose status must be that.
  json ask(const json& body, int status = 200, const std::string& path = "/v1/chat/completions") {
    const auto answer = client().Post(path, body.dump(), "application/json");
    if (!answer) {
      ADD_FAILURE() << httplib::to_string(answer.error());
      return {};
    }
    EXPECT_EQ(answer->status, status) << answer->body;
    last_headers_ = answer->headers;
    return json::parse(answer->body);
  }

  static std::string text_of_answer(const json& answer, std::size_t choice = 0) {
    return answer.at("choices").at(choice).at("message").at("content");
  }

  /// The error of a refused request, whose param must be that.
  json refused(const json& body, const std::string& param, int status = 400,
               const std::string& path = "/v1/chat/completions") {
    const auto error = ask(body, status, path).at("error");
    EXPECT_EQ(error.size(), 4U) << error;
    EXPECT_TRUE(error.at("message").is_string());
    EXPECT_EQ(error.at("param").is_null() ? "" : error.at("param").get<std::string>(), param) << error;
    return error;
  }

  /// Everything that a stream sends, as it came.
  std::string stream(json body, const std::string& path = "/v1/chat/completions") {
    body["stream"] = true;
    const auto answer = client().Post(path, body.dump(), "application/json");
    if (!answer)
      return "";
    EXPECT_EQ(answer->get_header_value("Content-Type"), "text/event-stream; charset=utf-8") << answer->body;
    return answer->body;
  }

  /// The data of its events. The last one must be [DONE], which is left out.
  static std::vector<json> chunks(const std::string& stream) {
    std::vector<json> all;
    std::string last;
    for (std::size_t at = 0; at < stream.size();) {
      const auto end = stream.find("\n\n", at);
      if (end == std::string::npos) {
        ADD_FAILURE() << "an event without an end: " << stream.substr(at);
        break;
      }
      const auto event = stream.substr(at, end - at);
      at = end + 2;
      if (event.starts_with(":"))
        continue;
      EXPECT_TRUE(event.starts_with("data: ")) << event;
      last = event.substr(6);
      if (last != "[DONE]")
        all.push_back(json::parse(last));
    }
    EXPECT_EQ(last, "[DONE]") << stream;
    return all;
  }

  /// A connection with a request under way.
  [[nodiscard]] raw_socket sent(const json& body, const std::string& path = "/v1/chat/completions") const {
    const auto text = body.dump();
    auto socket = raw_socket::connect(port());
    socket.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(text.size()) + "\r\n\r\n" + text);
    return socket;
  }

  /// The value of a sample of the metrics; -1 where it is not there.
  [[nodiscard]] double metric(const std::string& sample) const {
    const auto text = client().Get("/metrics")->body;
    const auto at = text.find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
  }

  /// Whether something comes to hold within some seconds.
  static bool soon(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000; ++i) {
      if (holds())
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  [[nodiscard]] bool is_idle() const {
    return metric("avp_tasks{state=\"running\"}") == 0 && metric("avp_tasks{state=\"waiting\"}") == 0;
  }

  httplib::Headers last_headers_;

private:
  int files_ = 0;
};

} // namespace avp::test
