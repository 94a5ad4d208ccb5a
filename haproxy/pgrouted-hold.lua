-- Lets new client connections wait in HAProxy while the write service has no server, and lets them go the moment it has one.
-- Loaded by `lua-load` in the global section, used by the frontend (or `listen`) of a write service:
--
--   tcp-request inspect-delay 30s
--   tcp-request content lua.pgrouted_hold <backend> <ms> <most>
--
--   comes --a server is usable--> goes on at once
--     `--none--> waits: 5 ms, 6 ms, ... 25 ms, then looks again --a server is usable--> goes on, "served"
--           |`--for <ms>--> refused, "late"     `--the client goes--> "gone"
--           `--<most> of this backend wait already--> refused at once, "many"
--
--   pgrouted hold      on a stats socket: what is waiting, and what became of those that waited
--
-- It looks at no byte of what clients send, says nothing to them, and never changes a server. What it uses of HAProxy's Lua API has been there since 2.2.

-- With one copy for each thread each would count for itself.
if core.thread ~= nil and core.thread ~= 0 then
    error("load pgrouted-hold.lua by lua-load, not by lua-load-per-thread")
end

local VERSION = 1
-- The first look again comes soon: most gaps are short. The longest sleep is what a client loses at most when the service opens.
local FIRST_SLEEP_MS = 5
local LONGEST_SLEEP_MS = 25
local GROWTH = 1.2
-- HAProxy ends a waiting connection without a word to us when its client goes. Whoever has not looked for so long is gone.
local SILENT_MS = 1000
-- So often at most the tickets are gone through.
local SWEEP_MS = 100
-- No connection waits longer, whatever the configuration says.
local LONGEST_WAIT_MS = 3600000

-- By backend: tickets of those that wait (the instant of their last look), how many they are, and what became of the others.
local gates = {}
-- What is wrong with a line of the configuration, by its arguments: said once in HAProxy's log, then shown.
local faults = {}

local function now_ms()
    local now = core.now()
    return now.sec * 1000 + now.usec // 1000
end

local function gate_of(backend)
    local gate = gates[backend]
    if gate == nil then
        gate = { tickets = {}, waiting = 0, served = 0, late = 0, many = 0, gone = 0, longest_ms = 0, swept_ms = 0 }
        gates[backend] = gate
    end
    return gate
end

local function leave(gate, ticket)
    if gate.tickets[ticket] == nil then return end
    gate.tickets[ticket] = nil
    gate.waiting = gate.waiting - 1
end

-- A HAProxy that was stopped finds all tickets old: those that live take theirs up again with their next look.
local function look(gate, ticket, now)
    if gate.tickets[ticket] == nil then
        gate.waiting = gate.waiting + 1
        if ticket.swept then gate.gone = gate.gone - 1 end
    end
    gate.tickets[ticket] = now
end

local function sweep(gate, now)
    if now - gate.swept_ms < SWEEP_MS then return end
    gate.swept_ms = now
    for ticket, at in pairs(gate.tickets) do
        if now - at > SILENT_MS then
            ticket.swept = true
            gate.gone = gate.gone + 1
            leave(gate, ticket)
        end
    end
end

-- HAProxy's own count: servers that were added at run time, weights and checks are in it.
local function usable(txn, backend)
    local count = txn.f:nbsrv(backend)
    return count ~= nil and count > 0
end

local function fault(backend, wait, most)
    local key = table.concat({ backend, wait, most }, " ")
    if faults[key] == nil then
        local why = "<ms> and <most> must be whole numbers"
        if core.backends[backend] == nil then why = "HAProxy has no such backend" end
        faults[key] = why
        core.Alert("pgrouted hold: lua.pgrouted_hold " .. key .. ": " .. why .. "; nobody waits there")
    end
end

-- The client has closed its side: `may_recv` is there from HAProxy 2.6 on, before that HAProxy ends the connection itself.
local function has_gone(txn)
    local request = txn.req
    if request == nil or request.may_recv == nil then return false end
    return not request:may_recv()
end

local function hold(txn, backend, wait, most)
    local wait_ms, most_waiting = tonumber(wait:match("^%d+$")), tonumber(most:match("^%d+$"))
    if wait_ms == nil or most_waiting == nil or core.backends[backend] == nil then return fault(backend, wait, most) end
    if usable(txn, backend) then return end

    local since = now_ms()
    local gate = gate_of(backend)
    if gate.waiting >= most_waiting then sweep(gate, since) end
    if gate.waiting >= most_waiting then
        gate.many = gate.many + 1
        return act.DENY
    end
    wait_ms = math.min(wait_ms, LONGEST_WAIT_MS)
    local ticket = {}
    local sleep_ms = FIRST_SLEEP_MS
    while true do
        look(gate, ticket, now_ms())
        core.msleep(math.floor(sleep_ms))
        sleep_ms = math.min(sleep_ms * GROWTH, LONGEST_SLEEP_MS)
        local waited_ms = now_ms() - since
        if has_gone(txn) then
            leave(gate, ticket)
            gate.gone = gate.gone + 1
            return act.DENY
        end
        if usable(txn, backend) then
            leave(gate, ticket)
            gate.served = gate.served + 1
            gate.longest_ms = math.max(gate.longest_ms, waited_ms)
            return
        end
        if waited_ms >= wait_ms then
            leave(gate, ticket)
            gate.late = gate.late + 1
            return act.DENY
        end
    end
end

core.register_action("pgrouted_hold", { "tcp-req" }, hold, 3)

local function show()
    local lines = { "version " .. VERSION }
    local now = now_ms()
    local names = {}
    for name in pairs(gates) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
        local gate = gates[name]
        sweep(gate, now)
        lines[#lines + 1] = string.format(
            "hold %s %d waiting %d served %d late %d many %d gone %d ms longest",
            name, gate.waiting, gate.served, gate.late, gate.many, gate.gone, gate.longest_ms
        )
    end
    for key, why in pairs(faults) do lines[#lines + 1] = "fault " .. key .. ": " .. why end
    return table.concat(lines, "\n")
end

local USAGE = "pgrouted hold : connections that wait for a server of their backend"
core.register_cli({ "pgrouted", "hold" }, USAGE, function(applet)
    local fine, text = pcall(show)
    applet:send((fine and text or "error: " .. tostring(text)) .. "\n")
end)
