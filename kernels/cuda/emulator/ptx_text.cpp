// Reads the text of a PTX module for the interpreter.
#include "ptx.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

namespace ptx {
namespace {

[[noreturn]] void fail(int line, const std::string &what) { throw Error("line " + std::to_string(line) + ": " + what); }

// Text is what is left to be read.
struct Text {
	const std::string &all;
	size_t at = 0;
	int line = 1;

	void skip() {
		for (; at < all.size(); at++) {
			if (all.compare(at, 2, "//") == 0) at = std::min(all.find('\n', at), all.size());
			if (at == all.size()) return;
			if (all[at] == '\n') line++;
			else if (!isspace(all[at])) return;
		}
	}
	bool end() { return skip(), at >= all.size(); }
	bool take(char c) { return !end() && all[at] == c ? (at++, true) : false; }
	void expect(char c) {
		if (!take(c)) fail(line, std::string("expected ") + c);
	}
	static bool letter(char c) { return isalnum(c) || strchr("_$%.", c); }
	std::string word() {
		skip();
		const size_t from = at;
		while (at < all.size() && letter(all[at])) at++;
		return all.substr(from, at - from);
	}
	// until is everything before a character, which is taken too.
	std::string until(char c) {
		skip();
		const size_t from = at;
		while (at < all.size() && all[at] != c) line += all[at++] == '\n';
		if (at == all.size()) fail(line, std::string("expected ") + c);
		return all.substr(from, at++ - from);
	}
};

Type type(const std::string &name, int line) {
	if (name == "pred") return {'p', 1};
	const int bits = name.empty() ? 0 : atoi(name.c_str() + 1);
	const bool known = strchr("fusb", name.empty() ? 0 : name[0]) && (bits == 8 || bits == 16 || bits == 32 || bits == 64);
	if (!known || (name[0] == 'f' && bits < 32)) fail(line, "type " + name);
	return {name[0], bits / 8};
}

struct Register {
	uint32_t place;
	Type type;
};

// Scope is what is declared between braces.
struct Scope {
	struct Range { uint32_t place; unsigned count; Type type; };
	std::map<std::string, Range> ranges;
	std::map<std::string, Register> registers;
	std::map<std::string, int> labels;
	std::vector<std::pair<int, std::string>> branches; // whose labels are not found yet
};

std::string trimmed(const std::string &s) {
	const size_t a = s.find_first_not_of(" \t\n"), b = s.find_last_not_of(" \t\n");
	return a == std::string::npos ? "" : s.substr(a, b - a + 1);
}

// split parts operands at the commas outside of braces.
std::vector<std::string> split(const std::string &s) {
	std::vector<std::string> list;
	int depth = 0;
	std::string one;
	for (char c : s) {
		depth += (c == '{') - (c == '}');
		if (c == ',' && depth == 0) list.push_back(trimmed(one)), one.clear();
		else one += c;
	}
	if (!trimmed(one).empty()) list.push_back(trimmed(one));
	return list;
}

struct Reader {
	Text t;
	std::map<std::string, uint64_t> tables; // of the module, by their place in constant memory
	std::shared_ptr<std::vector<uint8_t>> constants = std::make_shared<std::vector<uint8_t>>();
	std::map<std::string, Entry> entries;
	// the kernel that is being read
	Entry e;
	std::vector<Scope> scopes;
	std::map<std::string, uint64_t> symbols; // parameters and shared arrays
	std::map<std::pair<int, uint64_t>, uint32_t> known;

	explicit Reader(const std::string &text) : t{text} {}

	void module() {
		while (!t.end()) {
			const std::string w = t.word();
			if (w == ".version" || w == ".target" || w == ".address_size") t.word();
			else if (w == ".visible") continue;
			else if (w == ".const") table();
			else if (w == ".entry") entry();
			else fail(t.line, "the interpreter does not know " + w);
		}
	}

	// .align 8 .b8 name[168] = {0, …};
	void table() {
		const std::string declaration = t.until('[');
		const size_t bytes = atol(t.until(']').c_str());
		const std::string name = trimmed(declaration.substr(declaration.find_last_of(' ')));
		while (constants->size() % 16) constants->push_back(0);
		tables[name] = constants->size();
		t.expect('=');
		t.expect('{');
		const std::vector<std::string> values = split(t.until('}'));
		if (values.size() != bytes || declaration.find(".b8") == std::string::npos) fail(t.line, "a table that is not made of bytes");
		for (const std::string &v : values) constants->push_back(uint8_t(atoi(v.c_str())));
		t.expect(';');
	}

	void entry() {
		e = Entry();
		symbols.clear(), known.clear(), scopes.clear();
		e.name = t.word();
		t.expect('(');
		const std::string parameter = t.until(')'); // .param .align 8 .b8 name[bytes]
		const size_t from = parameter.find(".b8 "), open = parameter.find('[');
		if (from == std::string::npos || open == std::string::npos) fail(t.line, "a kernel takes one struct");
		symbols[parameter.substr(from + 4, open - from - 4)] = 0;
		e.arguments = atol(parameter.c_str() + open + 1);
		if (t.word() != ".maxntid") fail(t.line, "expected .maxntid");
		e.threads = unsigned(atoi(t.word().c_str()));
		for (int k = 0; k < 2; k++) {
			t.expect(',');
			if (t.word() != "1") fail(t.line, "a block with more than one axis");
		}
		if (!t.take('{')) { // how many blocks a processor shall hold
			if (t.word() != ".minnctapersm") fail(t.line, "expected {");
			t.word();
			t.expect('{');
		}
		for (uint32_t *special : {&e.tid, &e.ntid, &e.ctaid[0], &e.ctaid[1], &e.ctaid[2]}) *special = reserve(4, 1);
		scopes.emplace_back();
		while (!scopes.empty()) statement();
		const bool ends = !e.code.empty() && (e.code.back().run == leave() || e.code.back().target >= 0) && e.code.back().guard < 0;
		if (!ends) fail(t.line, "the kernel's end can be passed");
		e.tables = constants;
		entries[e.name] = e;
	}

	uint32_t reserve(int bytes, unsigned count) {
		const uint32_t at = uint32_t((e.registers + 31) / 32 * 32);
		e.registers = at + size_t(bytes) * WARP * count;
		return at;
	}

	void statement() {
		if (t.end()) fail(t.line, "the kernel does not end");
		if (t.take('{')) return scopes.emplace_back(), void();
		if (t.take('}')) return close();
		const size_t at = t.at;
		const int line = t.line;
		const std::string label = t.word();
		if (t.take(':')) {
			if (!scopes.back().labels.emplace(label, int(e.code.size())).second) fail(line, "label " + label + " is there twice");
			return;
		}
		t.at = at, t.line = line;
		const std::string text = t.until(';');
		if (text[0] == '.') return declaration(text, line);
		instruction(text, line);
	}

	// close finds the labels of a scope's branches; those it does not have are sought outside of it.
	void close() {
		Scope s = std::move(scopes.back());
		scopes.pop_back();
		for (const auto &b : s.branches) {
			const auto l = s.labels.find(b.second);
			if (l != s.labels.end()) {
				if (scopes.empty() && l->second >= int(e.code.size())) fail(t.line, "nothing follows label " + b.second);
				e.code[b.first].target = l->second;
			} else if (scopes.empty()) fail(e.code[b.first].line, "no label " + b.second);
			else scopes.back().branches.push_back(b);
		}
	}

	void declaration(const std::string &text, int line) {
		Text d{text};
		const std::string kind = d.word();
		if (kind == ".pragma") return;
		if (kind == ".shared") {
			const size_t open = text.find('['), name = text.rfind(' ', open) + 1;
			if (open == std::string::npos || text.find(".b8") == std::string::npos) fail(line, text);
			e.shared = (e.shared + 15) / 16 * 16;
			symbols[text.substr(name, open - name)] = e.shared;
			e.shared += atol(text.c_str() + open + 1);
			return;
		}
		if (kind != ".reg") fail(line, "the interpreter does not know " + kind);
		const Type ty = type(d.word().substr(1), line);
		for (std::string name : split(text.substr(d.at))) {
			const size_t open = name.find('<');
			Scope &s = scopes.back();
			bool fresh;
			if (open == std::string::npos) {
				fresh = s.registers.emplace(name, Register{reserve(ty.bytes, 1), ty}).second;
			} else {
				const unsigned count = unsigned(atoi(name.c_str() + open + 1));
				fresh = s.ranges.emplace(name.substr(0, open), Scope::Range{reserve(ty.bytes, count), count, ty}).second;
			}
			if (!fresh) fail(line, "register " + name + " is declared twice");
		}
	}

	bool find(const std::string &name, Register &r) const {
		if (name[0] != '%') return false;
		const std::map<std::string, uint32_t> special = {{"%tid.x", e.tid}, {"%ntid.x", e.ntid}, {"%ctaid.x", e.ctaid[0]}, {"%ctaid.y", e.ctaid[1]}, {"%ctaid.z", e.ctaid[2]}};
		const auto own = special.find(name);
		if (own != special.end()) return r = {own->second, {'u', 4}}, true;
		size_t digits = name.size();
		while (isdigit(name[digits - 1])) digits--;
		const unsigned number = unsigned(atoi(name.c_str() + digits));
		for (auto s = scopes.rbegin(); s != scopes.rend(); ++s) {
			const auto one = s->registers.find(name);
			if (one != s->registers.end()) return r = one->second, true;
			const auto many = s->ranges.find(name.substr(0, digits));
			if (many == s->ranges.end() || digits == name.size() || number >= many->second.count) continue;
			r = {many->second.place + number * WARP * uint32_t(many->second.type.bytes), many->second.type};
			return true;
		}
		return false;
	}

	// constant is a register that always holds some bits.
	uint32_t constant(int bytes, uint64_t bits) {
		const auto found = known.find({bytes, bits});
		if (found != known.end()) return found->second;
		const uint32_t place = reserve(bytes, 1);
		e.constants.push_back({place, bytes, bits});
		return known[{bytes, bits}] = place;
	}

	// operand is the place of a register of a type, or of a number.
	uint32_t operand(const std::string &text, Type want, bool result, int line) {
		Register r;
		if (find(text, r)) {
			const bool any = want.kind == 'b' || r.type.kind == 'b';
			const bool fits = r.type.bytes == want.bytes && (want.kind == 'p') == (r.type.kind == 'p') &&
			                  (any || (want.kind == 'f') == (r.type.kind == 'f'));
			if (!fits) fail(line, text + " is of another type than the instruction");
			return r.place;
		}
		if (result || text.empty()) fail(line, "no register " + text);
		for (const auto *names : {&symbols, &tables}) {
			const auto s = names->find(text);
			if (s != names->end() && want.kind != 'f' && want.bytes >= 4) return constant(want.bytes, s->second);
		}
		return constant(want.bytes, number(text, want, line));
	}

	uint64_t number(const std::string &text, Type want, int line) {
		char *end = nullptr;
		uint64_t bits;
		if (text.compare(0, 2, "0f") == 0 || text.compare(0, 2, "0d") == 0) {
			bits = strtoull(text.c_str() + 2, &end, 16);
			if (want.kind != 'f' || text.size() != size_t(2 + 2 * want.bytes) || (text[1] == 'f') != (want.bytes == 4)) fail(line, text + " is of another type than the instruction");
		} else {
			bits = text[0] == '-' ? uint64_t(strtoll(text.c_str(), &end, 0)) : strtoull(text.c_str(), &end, 0);
			if (want.kind == 'f') fail(line, text + " is of another type than the instruction");
		}
		if (end == text.c_str() || *end) fail(line, "no register or number " + text);
		return want.bytes < 8 ? bits & ((uint64_t(1) << 8 * want.bytes) - 1) : bits;
	}

	void instruction(const std::string &text, int line) {
		Text s{text};
		Instruction i;
		i.line = line;
		if (s.take('@')) {
			i.unless = s.take('!');
			i.guard = int(operand(s.word(), {'p', 1}, true, line));
		}
		const std::string name = s.word();
		decode(i, name, split(text.substr(s.at)), line);
		e.code.push_back(i);
	}

	void decode(Instruction &i, const std::string &name, const std::vector<std::string> &args, int line) {
		auto want = [&](size_t n) {
			if (args.size() != n) fail(line, name + " with " + std::to_string(args.size()) + " operands");
		};
		auto same = [&](const char *head) { return name.compare(0, strlen(head), head) == 0; };
		if (name == "bra" || name == "bra.uni") {
			want(1);
			i.target = 0x7ffffffe;
			scopes.back().branches.emplace_back(int(e.code.size()), args[0]);
		} else if (name == "ret") {
			want(0);
			i.run = leave();
		} else if (name == "bar.sync" || name == "bar.warp.sync") {
			want(1);
			if (args[0] != (name == "bar.sync" ? "0" : "-1")) fail(line, name + " " + args[0]);
			i.run = name == "bar.sync" ? barrier() : together();
		} else if (name == "shfl.sync.bfly.b32") {
			want(5);
			if (args[3] != "31" || args[4] != "-1") fail(line, "a shuffle of part of a warp");
			for (int k = 0; k < 3; k++) i.r[k] = operand(args[k], {k < 2 ? 'b' : 'u', 4}, k < 2, line);
			i.run = shuffle();
		} else if (same("ld.") || same("st.")) {
			want(2);
			access(i, name, args, line);
		} else if (name == "mov.b64" && (args[0][0] == '{' || args.back()[0] == '{')) {
			want(2);
			const bool unpack = args[0][0] == '{';
			vector(i, args[unpack ? 0 : 1], {'b', 4}, unpack, line);
			if (i.count != 2) fail(line, "64 bits have two halves");
			i.r[0] = operand(args[unpack ? 1 : 0], {'b', 8}, true, line);
			i.run = pack(unpack);
		} else {
			const Form *f = form(name);
			if (!f) fail(line, "the interpreter does not know " + name);
			want(f->operands.size());
			for (size_t k = 0; k < args.size(); k++) i.r[k] = operand(args[k], f->operands[k], k == 0, line);
			i.run = f->action;
		}
	}

	void vector(Instruction &i, const std::string &text, Type ty, bool results, int line) {
		if (text[0] != '{') {
			i.vector[0] = operand(text, ty, results, line);
			return;
		}
		const std::vector<std::string> list = split(text.substr(1, text.size() - 2));
		if (list.size() != 2 && list.size() != 4) fail(line, "a vector of " + std::to_string(list.size()));
		i.count = int(list.size());
		for (size_t k = 0; k < list.size(); k++) i.vector[k] = operand(list[k], ty, results, line);
	}

	// access reads ld.global.v4.f32 {…}, [address+8].
	void access(Instruction &i, const std::string &name, const std::vector<std::string> &args, int line) {
		const bool store = name[0] == 's';
		std::vector<std::string> parts;
		for (size_t from = 0; from <= name.size();) {
			const size_t dot = std::min(name.find('.', from), name.size());
			parts.push_back(name.substr(from, dot - from));
			from = dot + 1;
		}
		const bool wide = parts.size() == 4;
		if (parts.size() < 3 || parts.size() > 4 || (wide && parts[2] != "v2" && parts[2] != "v4")) fail(line, "the interpreter does not know " + name);
		const Type ty = type(parts.back(), line);
		std::string to = args[store ? 0 : 1];
		if (to[0] != '[' || to.back() != ']') fail(line, "expected an address: " + to);
		to = to.substr(1, to.size() - 2);
		const size_t plus = to.find('+');
		if (plus != std::string::npos) i.offset = int32_t(atol(to.c_str() + plus + 1)), to = trimmed(to.substr(0, plus));
		i.r[0] = operand(to, {'u', parts[1] == "shared" ? 4 : 8}, false, line);
		Register r;
		const int wide_bytes = ty.bytes == 4 ? 8 : 4; // the size of a register that an integer may be in
		const bool fits = ty.bytes == 2 || (ty.bytes <= 4 && !store);
		const bool wider = !wide && ty.kind == 'u' && fits && find(args[store ? 1 : 0], r) && r.type.bytes == wide_bytes;
		vector(i, args[store ? 1 : 0], wider ? Type{'u', wide_bytes} : ty.bytes == 1 ? Type{'u', 2} : ty, !store, line);
		if (wide ? parts[2] != "v" + std::to_string(i.count) : i.count != 1) fail(line, name + " with another number of elements");
		i.run = memory(parts[1], store, ty.bytes, wider);
		if (!i.run) fail(line, "the interpreter does not know " + name);
	}
};

} // namespace

std::map<std::string, Entry> read(const std::string &text) {
	Reader r(text);
	r.module();
	return r.entries;
}

} // namespace ptx
