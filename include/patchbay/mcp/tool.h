#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/json/describe.h"

/// How a tool is declared. See tools/ for the declarations and catalog.h for what is done with them.
namespace patchbay::mcp {

/// Which part of the catalogue a client sees (tools.md 8.2).
enum class Mode { kWorker, kStandard, kFull, kMinimal };
using Modes = unsigned;
constexpr Modes bit(Mode m) { return 1u << static_cast<unsigned>(m); }
inline constexpr Modes kNoModes = 0;
inline constexpr Modes kAllModes = bit(Mode::kWorker) | bit(Mode::kStandard) | bit(Mode::kFull) | bit(Mode::kMinimal);
inline constexpr Modes kNotMinimal = kAllModes & ~bit(Mode::kMinimal);
inline constexpr Modes kStandardFull = bit(Mode::kStandard) | bit(Mode::kFull);

std::string_view name_of(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);  ///< trimmed, any case

/// A configuration switch that hides a tool while it is off.
enum class Gate { kNone, kDirectWrite, kCommands, kSessionRead };

/// What a credential may call; each includes the ones before it (security.md A13).
enum class Scope { kRead, kWorker, kIntegrate, kPower };
std::string_view name_of(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

enum class Effect { kReads, kWrites, kDestroys };   ///< readOnlyHint, destructiveHint
enum class World { kClosed, kOpen };                ///< openWorldHint
enum class Repeat { kIdempotent, kEachTimeAgain };  ///< idempotentHint

/// Where the identity of a caller comes from (mcp.md 7.1), strongest first.
enum class ScopeKind { kHandle, kConversation, kSession, kProcess, kCredential };
std::string_view name_of(ScopeKind kind);

/// Who calls, as far as the request tells.
struct Caller {
  std::string credential = "local";  ///< token name, or "local" without authentication
  Scope scope = Scope::kPower;
  ScopeKind kind = ScopeKind::kCredential;
  std::string scope_key;   ///< 64 hex digits, never the raw id; what records store as owner
  std::string client_ref;  ///< "client_" + 12 hex digits, public
  std::string label;       ///< client name, sanitised, at most 80 characters; may be empty
  bool has_session = false;
  Mode base_mode = Mode::kWorker;
  Mode mode = Mode::kWorker;  ///< effective on this call
};

/// One running tools/call.
class Call {
 public:
  virtual ~Call() = default;
  virtual const Caller& caller() const = 0;
  /// Cancelled when the client gave the request up. Work that was acknowledged goes on regardless.
  virtual CancelToken cancel() const = 0;
  /// No tool works past this point (mcp.md B3).
  virtual MonoTime deadline() const = 0;
  /// Tells the client how it goes, if it asked to be told; at most one message a second gets through.
  virtual void progress(std::string_view message) = 0;
  /// A fresh handle for this caller (mcp.md 7.2), stored before it returns.
  virtual Result<std::string> mint_handle() = 0;
  /// Makes the handle minted on this call, and its caller, stand for an identity the same credential had before.
  virtual Status bind_handle(const std::string& scope_key) = 0;
  /// The handle the call came with, if any.
  virtual std::optional<std::string> handle() const = 0;
};

/// A tool's answer before it is put on the wire.
struct ToolReply {
  Json structured = Json::object();  ///< structuredContent
  std::string text;                  ///< content[0]; empty: the catalogue writes a summary
  Json meta = Json::object();        ///< _meta, for the card only
};

/// Everything a client may learn about a tool, and what guards it. Members without a default must be thought
/// about for every tool.
struct Declaration {
  std::string name;
  std::string title;
  std::string description;  ///< at most 300 characters: when to use, what it touches, what next
  Effect effect;
  World world;
  Repeat repeat;
  Modes modes;
  Gate gate;
  Scope scope;
  std::string invoking;  ///< 1..64 characters, present participle
  std::string invoked;
  bool takes_handle;                          ///< depends on mode or ownership: gets the optional argument `handle`
  bool takes_request_key;                     ///< mutates: gets the optional argument `request_key` (mcp.md B7)
  std::vector<std::string> file_params = {};  ///< _meta["openai/fileParams"]
};

/// A declared tool with its handler bound: JSON in, JSON out.
struct Tool {
  Declaration declaration;
  Json input_schema;  ///< without `handle` and `request_key`; the catalogue adds those
  Json output_schema;
  /// `args` is an object without the catalogue's own arguments. Argument problems come back as one Error.
  std::function<Result<ToolReply>(Call&, const Json& args)> run;
};

/// One Error for everything wrong with the arguments of `tool` (tools.md 10).
Error argument_error(const std::string& tool, const json::ParseReport& report);
/// Adds `<name>_applied` for each clamped argument that the reply does not already report.
void report_clamped(const json::ParseReport& report, Json& structured);

/// Binds a typed handler: Result<Reply>(Services&, Call&, const Args&). `Services` stays unknown here. A
/// Reply may have `std::string text() const` (the readable body) and `Json meta() const`.
template <class Args, class Reply, class Services>
Tool bind(Declaration declaration, Result<Reply> (*handler)(Services&, Call&, const Args&), Services& services) {
  Tool tool;
  tool.input_schema = json::schema_of<Args>(json::SchemaStyle::kInput);
  tool.output_schema = json::schema_of<Reply>(json::SchemaStyle::kOutputBrief);
  tool.run = [name = declaration.name, handler, &services](Call& call, const Json& args) -> Result<ToolReply> {
    Args parsed;
    const json::ParseReport report = json::parse_args(args, parsed);
    if (!report.ok()) return argument_error(name, report);
    Reply reply = PB_TRY(handler(services, call, parsed));
    ToolReply out;
    if constexpr (requires { reply.text(); }) out.text = std::as_const(reply).text();
    if constexpr (requires { reply.meta(); }) out.meta = std::as_const(reply).meta();
    out.structured = json::take_json(std::move(reply));
    report_clamped(report, out.structured);
    return out;
  };
  tool.declaration = std::move(declaration);
  return tool;
}

}  // namespace patchbay::mcp
