-- Lets new client connections wait in HAProxy while the write service has no server, and lets them go the moment it has one.
-- Loaded by `lua-load` in the global section, used by the frontend (or `listen`) of a write service:
--
--   tcp-request inspect-delay 30s
--   tcp-request content lua.pgrouted_hold <backend> <ms> <most>
--
--   comes --a server is usable--> goes on at once
--     |`--none, and <most> of this backend wait already--> refused, "many"
--     `--none--> waits: looks again after 5 ms, 6 ms, ... 25 ms --a server is usable--> goes on, "served"
--                  |`--<ms> are over--> refused, "late"
--                  `--the client goes--> "gone"
--
--   pgrouted hold      on a stats socket: what is waiting, and what became of those that waited
--
-- It looks at no byte of what clients send, says nothing to them, and never changes a server. What it uses of HAProxy's Lua API has been there since 2.2.

-- With one copy for each thread each would count for itself.
if core.thread ~= nil and core.thread ~= 0 then
    error("load pgrouted-hold.lua by lua-load, not by lua-load-per-thread")
end

local VERSION = 1
-- The first look again comes soon: most gaps are short. The longest pause is what a client loses at most when the service opens.
local FIRST_PAUSE_MS = 5
local LONGEST_PAUSE_MS = 25
local GROWTH = 1.2
-- Many that wait look less often: at most so many looks in a millisecond, of all together.
local LOOKS_PER_MS = 10
local SLOWEST_PAUSE_MS = 500
-- HAProxy may end a waiting connection without a word to us. Whoever has not looked for so long is gone.
local SILENT_MS = 2000
-- So often at most the tickets are gone through.
local SWEEP_MS = 100
-- No connection waits longer, whatever the configuration says.
local LONGEST_WAIT_MS = 3600000
-- Where a waiting connection keeps the number of its ticket.
local TICKET = "txn.pgrouted_hold"

-- By backend: the tickets of those that wait, by number, how many they are, and what became of the others.
local gates = {}
local last_number = 0
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

-- `how`: what became of it.
local function leave(gate, number, how)
    gate.tickets[number] = nil
    gate.waiting = gate.waiting - 1
    gate[how] = gate[how] + 1
end

local function sweep(gate, now)
    if now - gate.swept_ms < SWEEP_MS then return end
    gate.swept_ms = now
    for number, ticket in pairs(gate.tickets) do
        if now - ticket.looked_ms > SILENT_MS then leave(gate, number, "gone") end
    end
end

-- HAProxy's own count: servers that were added at run time, weights and checks are in it.
local function usable(txn, backend)
    local count = txn.f:nbsrv(backend)
    return count ~= nil and count > 0
end

-- The client has closed its side. (Before HAProxy 2.5 this can't be asked: HAProxy ends the connection by itself, with a line in its log.)
local function has_gone(txn)
    local request = txn.req
    if request == nil or request.may_recv == nil then return false end
    return not request:may_recv()
end

local function fault(backend, wait, most)
    local key = table.concat({ backend, wait, most }, " ")
    if faults[key] == nil then
        local why = "<ms> and <most> must be whole numbers"
        if core.backends[backend] == nil then why = "HAProxy has no such backend" end
        faults[key] = why
        core.Alert("pgrouted hold: lua.pgrouted_hold " .. key .. ": " .. why .. "; nobody waits there")
    end
    return act.CONTINUE
end

local function admit(txn, gate, most, now)
    if gate.waiting >= most then sweep(gate, now) end
    if gate.waiting >= most then
        gate.many = gate.many + 1
        return nil
    end
    last_number = last_number + 1
    local ticket = { since_ms = now, looked_ms = now, pause_ms = FIRST_PAUSE_MS }
    gate.tickets[last_number] = ticket
    gate.waiting = gate.waiting + 1
    txn:set_var(TICKET, last_number)
    return last_number, ticket
end

-- HAProxy calls this again and again for one connection, until it says something else than "again". Sleeping in here (core.msleep) would be simpler, but
-- HAProxy (2.6 and others) forgets to wake up a sleeper whose time was over before it lay down, which happens on a busy machine; it would wait for the whole
-- inspect-delay. (Nothing returned is not "go on": HAProxy takes what the call before has returned.)
local function hold(txn, backend, wait, most)
    local wait_ms, most_waiting = tonumber(wait:match("^%d+$")), tonumber(most:match("^%d+$"))
    if wait_ms == nil or most_waiting == nil or core.backends[backend] == nil then return fault(backend, wait, most) end
    local open, number = usable(txn, backend), txn:get_var(TICKET)
    if open and number == nil then return act.CONTINUE end

    local now = now_ms()
    local gate = gate_of(backend)
    local ticket = number ~= nil and gate.tickets[number] or nil
    -- A HAProxy that was stopped finds all tickets old: whoever lives takes another one.
    if ticket == nil then number, ticket = admit(txn, gate, most_waiting, now) end
    if ticket == nil then return act.DENY end

    local waited_ms = now - ticket.since_ms
    if open then
        gate.longest_ms = math.max(gate.longest_ms, waited_ms)
        leave(gate, number, "served")
        return act.CONTINUE
    end
    if has_gone(txn) then
        leave(gate, number, "gone")
        return act.DENY
    end
    if waited_ms >= math.min(wait_ms, LONGEST_WAIT_MS) then
        leave(gate, number, "late")
        return act.DENY
    end
    ticket.looked_ms = now
    local crowd_ms = math.min(gate.waiting / LOOKS_PER_MS, SLOWEST_PAUSE_MS)
    act.wake_time(math.floor(math.max(ticket.pause_ms, crowd_ms)))
    ticket.pause_ms = math.min(ticket.pause_ms * GROWTH, LONGEST_PAUSE_MS)
    return act.YIELD
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
