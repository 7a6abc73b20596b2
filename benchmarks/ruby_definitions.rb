# What Ruby's own parser says of the files whose names come on standard input: one JSON object per line.
# defs: [kind, full name, line]; locals and calls: [line, column] of bare identifiers, as Ripper tells them apart.
require "json"
require "ripper"

def const_name(node)
  case node && node[0]
  when :const_ref, :var_ref, :var_field then node[1][0] == :@const ? node[1][1] : nil
  when :top_const_ref, :top_const_field then "::" + node[1][1]
  when :const_path_ref, :const_path_field
    above = const_name(node[1])
    above && "#{above}::#{node[2][1]}"
  when :@const then node[1]
  end
end

def line_of(node)
  return nil unless node.is_a?(Array)
  return node[2][0] if node[0].is_a?(Symbol) && node[0].to_s.start_with?("@") && node[2].is_a?(Array)
  node.each { |n| (l = line_of(n)) && (return l) if n.is_a?(Array) }
  nil
end

def walk(root, out)
  todo = [[root, "", true]]
  until todo.empty?
    node, scope, plain = todo.pop
    next unless node.is_a?(Array)
    case node[0]
    when :module, :class
      name = const_name(node[1])
      unless name
        node[1..].reverse_each { |n| todo << [n, scope, plain] }
        next
      end
      full = name.start_with?("::") ? name[2..] : (scope.empty? ? name : "#{scope}::#{name}")
      out[:defs] << ["class", full, line_of(node[1])] if plain
      todo << [node[2], scope, plain] if node[0] == :class
      todo << [node[-1], full, plain]
      next
    when :sclass
      todo << [node[1], scope, plain]
      todo << [node[2], node[1] == [:var_ref, node[1][1]] && node[1][1][1] == "self" ? scope : "?", plain && node[1][1][1] == "self"]
      next
    when :def
      out[:defs] << ["method", scope.empty? ? node[1][1] : "#{scope}::#{node[1][1]}", node[1][2][0]] if plain
      node[2..].reverse_each { |n| todo << [n, scope, plain] }
      next
    when :defs
      if plain && node[1][0] == :var_ref && node[1][1][1] == "self"
        out[:defs] << ["method", scope.empty? ? node[3][1] : "#{scope}::#{node[3][1]}", node[3][2][0]]
      elsif plain && (owner = const_name(node[1])) # `def Const.name`, in Const itself or beside it
        holder = scope.split("::").last == owner ? scope : [scope, owner].reject(&:empty?).join("::")
        out[:defs] << ["method", "#{holder}::#{node[3][1]}", node[3][2][0]]
      end
      todo << [node[1], scope, plain]
      node[4..].reverse_each { |n| todo << [n, scope, plain] }
      next
    when :method_add_block # Class.new { ... } and the like make things that have no name here
      todo << [node[2], scope, plain && !line_named(node[1])]
      todo << [node[1], scope, plain]
      next
    when :var_ref
      out[:locals] << node[1][2] if node[1].is_a?(Array) && node[1][0] == :@ident
    when :vcall, :fcall
      out[:calls] << node[1][2] if node[1].is_a?(Array) && node[1][0] == :@ident
    when :command
      out[:calls] << node[1][2] if node[1][0] == :@ident
    end
    node.reverse_each { |n| todo << [n, scope, plain] if n.is_a?(Array) }
  end
end

# `Struct.new(...) do`, `Class.new do`, `class_eval do`: where definitions go to something else than the scope
def line_named(call)
  text = call.flatten.select { |x| x.is_a?(String) }
  !(text & %w[new define class_eval instance_eval module_eval class_exec instance_exec included class_methods
              refine describe concern prepended]).empty?
end

$stdin.each_line(chomp: true) do |path|
  source = File.binread(path).force_encoding("UTF-8")
  tree = Ripper.sexp(source)
  out = { path: path, ok: !tree.nil?, defs: [], locals: [], calls: [] }
  walk(tree, out) if tree
  puts JSON.generate(out)
end
