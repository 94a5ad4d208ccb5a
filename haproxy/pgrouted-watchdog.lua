-- HAProxy's own watchdog: closes backends that pgrouted has not spoken for in time, also when pgrouted was killed or is frozen.
-- Loaded by `lua-load` in the global section. It runs in each worker, and goes on in a worker that a reload has replaced.
--
--   pgrouted watchdog <ms> <backend>...   arms: these backends are closed <ms> from now, unless that is said again before
--   pgrouted watchdog off <backend>...    disarms
--   pgrouted watchdog                     shows what is armed, and what was closed
--
--   at rest --<ms>--> armed --<ms>--> armed ... --off--> at rest
--                       `--not said again in time--> closing for 3 s: servers to maint, sessions ended --> at rest
--
-- It never lets a server in. What it uses of HAProxy's Lua API has been there since 2.2.

-- With one copy for each thread, an order would reach one of them, and the others would close.
if core.thread ~= nil and core.thread ~= 0 then
    error("load pgrouted-watchdog.lua by lua-load, not by lua-load-per-thread")
end

-- How long between two looks: while a backend is being closed or soon will be, while one is armed, and at rest.
local CLOSE_STEP_MS = 100
local ARMED_STEP_MS = 500
local REST_STEP_MS = 1000
-- For sessions that one of HAProxy's threads was about to make when another one closed the server.
local CLOSING_MS = 3000
-- One order holds for an hour at most, whoever gave it.
local LONGEST_MS = 3600000
-- When the task below has not run for so long, its word is no longer good.
local STUCK_MS = 5000

local USAGE = "pgrouted watchdog [<ms>|off <backend>...] : close backends unless told again within <ms>, at most "
    .. LONGEST_MS

-- By backend: the order that stands; when it was closed, whether that is over and done with, whether somebody was told.
local armed = {}
local closed = {}
local looked_at

-- HAProxy's own clock can't be set back, but in some versions it leaves out the time for which HAProxy was stopped (SIGSTOP, a paused
-- machine). The time of day counts that too. Set forward, it makes this close too early, which pgrouted mends at once if it lives.
local function instant()
    local now = core.now()
    return { own_ms = now.sec * 1000 + now.usec // 1000, day_s = os.time() }
end

-- By the clock that says more. The time of day is read in whole seconds, so one of them may not have passed.
local function elapsed_ms(since)
    local now = instant()
    return math.max(now.own_ms - since.own_ms, (now.day_s - since.day_s - 1) * 1000)
end

local function close(backend)
    for _, server in pairs(core.backends[backend].servers) do
        server:set_maint()
        server:shut_sess()
    end
end

local function left_ms(backend)
    local order = armed[backend]
    return order.ms - elapsed_ms(order.since)
end

local function expire(backend)
    local ms = armed[backend].ms
    armed[backend] = nil
    closed[backend] = { since = instant(), over = false, told = false }
    core.Alert("pgrouted watchdog: not told again within " .. ms .. " ms, so backend " .. backend .. " is closed")
    close(backend)
end

-- Returns when to look again, in milliseconds.
local function look(backend)
    if armed[backend] ~= nil then
        local left = left_ms(backend)
        if left <= 0 then expire(backend) end
        return left > 2 * ARMED_STEP_MS and ARMED_STEP_MS or CLOSE_STEP_MS
    end
    local this = closed[backend]
    if this.over then return REST_STEP_MS end
    this.over = elapsed_ms(this.since) >= CLOSING_MS
    close(backend)
    return CLOSE_STEP_MS
end

-- A list of its own: while it is gone through, the table may change.
local function names(...)
    local found = {}
    for _, of in ipairs({ ... }) do
        for name in pairs(of) do found[#found + 1] = name end
    end
    table.sort(found)
    return found
end

core.register_task(function()
    while true do
        local pause = REST_STEP_MS
        for _, backend in ipairs(names(armed, closed)) do
            -- What goes wrong with one backend must not keep the others open.
            local fine, result = pcall(look, backend)
            if not fine then core.Alert("pgrouted watchdog: " .. backend .. ": " .. tostring(result)) end
            pause = math.min(pause, fine and result or CLOSE_STEP_MS)
        end
        looked_at = instant()
        core.msleep(pause)
    end
end)

local function armed_line(backend)
    return "armed " .. backend .. " " .. math.max(0, left_ms(backend)) .. " ms left"
end

local function closed_line(backend)
    local since = closed[backend].since
    local at = os.date("!%Y-%m-%dT%H:%M:%SZ", since.day_s)
    return "closed " .. backend .. " at " .. at .. ", " .. elapsed_ms(since) .. " ms ago"
end

-- Carries an order out for one backend; `ms` is nil for "off". Returns the lines to answer.
local function order(backend, ms)
    if core.backends[backend] == nil then return { "unknown " .. backend } end
    -- An order that comes too late (a HAProxy that was stopped finds those of before) closes first, and has to be given again.
    if armed[backend] ~= nil and left_ms(backend) <= 0 then
        expire(backend)
        return { "late " .. backend }
    end
    armed[backend] = ms and { ms = ms, since = instant() }
    local lines = { ms and armed_line(backend) or "off " .. backend }
    local this = closed[backend]
    if this ~= nil then
        -- Whoever gives orders is told once that there was a time when he did not.
        if not this.told then lines[2] = closed_line(backend) end
        this.told = true
        this.over = true
    end
    return lines
end

local function show()
    local lines = {}
    for _, name in ipairs(names(armed)) do lines[#lines + 1] = armed_line(name) end
    for _, name in ipairs(names(closed)) do lines[#lines + 1] = closed_line(name) end
    return #lines == 0 and { "nothing is armed" } or lines
end

local function answer(verb, ...)
    local lines = {}
    if looked_at == nil or elapsed_ms(looked_at) >= STUCK_MS then lines[1] = "stuck" end
    if verb == nil then
        for _, line in ipairs(show()) do lines[#lines + 1] = line end
    else
        local ms = tonumber(verb:match("^%d+$"))
        local backends = { ... }
        if verb ~= "off" and (ms == nil or ms > LONGEST_MS) or #backends == 0 then return "usage: " .. USAGE end
        for _, name in ipairs(backends) do
            for _, line in ipairs(order(name, ms)) do lines[#lines + 1] = line end
        end
    end
    return table.concat(lines, "\n")
end

-- The command's own two words come first.
core.register_cli({ "pgrouted", "watchdog" }, USAGE, function(applet, _, _, ...)
    local fine, text = pcall(answer, ...)
    applet:send((fine and text or "error: " .. tostring(text)) .. "\n")
end)
